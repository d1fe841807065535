"""One process with Django loaded for each database; MySQL is asked where its driver is installed, and it is opt-in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from oracle import mysql as own_mysql
from oracle.databases import Postgres, Sqlite
from oracle.zygote import Zygote

DATABASES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
    *(["mysql"] if find_spec("pymysql") else []),
]


@pytest.fixture(scope="session")
def sqlite() -> Iterator[Zygote]:
    with Zygote(Sqlite()) as zygote:
        yield zygote


@pytest.fixture(scope="session")
def postgresql(postgres: dict[str, str]) -> Iterator[Zygote]:
    with Zygote(Postgres(postgres["SHOP_DB_HOST"], postgres["SHOP_DB_PORT"])) as zygote:
        yield zygote


@pytest.fixture(scope="session")
def mysql() -> Iterator[Zygote]:
    if reason := own_mysql.missing():
        pytest.skip(reason)
    with own_mysql.server() as server, Zygote(server) as zygote:
        yield zygote


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> Zygote:
    zygote = request.getfixturevalue(request.param)
    assert isinstance(zygote, Zygote)
    return zygote
