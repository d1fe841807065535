"""One process with Django loaded for each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oracle.stage import Server
from oracle.zygote import Zygote


@pytest.fixture(scope="session")
def sqlite() -> Iterator[Zygote]:
    with Zygote(Server()) as zygote:
        yield zygote


@pytest.fixture(scope="session")
def postgresql(postgres: dict[str, str]) -> Iterator[Zygote]:
    with Zygote(Server(postgres["SHOP_DB_HOST"], postgres["SHOP_DB_PORT"])) as zygote:
        yield zygote
