"""The databases that cases run on: how Django is told of one, and what is asked of it from outside.

A run has a name, under which its connections are counted, and a space of its own, where its tables are.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from oracle.sessions import MySQLSessions, Opened, PostgresSessions, Sessions, SqliteSessions

Row = tuple[Any, ...]


class Database(Protocol):
    """What the oracle asks of each kind; ``folder`` is the run's own. Sent to other processes pickled."""

    vendor: str

    def settings(self, folder: Path, space: str, name: str) -> dict[str, Any]:
        """An alias's settings."""

    def rename(self, settings: dict[str, Any], name: str) -> None:
        """Let connections that are opened under these settings from now on bear the name."""

    def sessions(self, folder: Path, name: str, opened: Opened) -> Sessions:
        """What counts the connections with the name."""

    def make_space(self, space: str) -> None:
        """Make it anew: a process that was killed left its own, and its number is given again."""

    def drop_space(self, space: str) -> None:
        """Take it away."""

    def ask(self, folder: Path, space: str, sql: str) -> list[Row]:
        """The rows that a query gives on a connection that is none of Django's."""

    def version(self) -> str:
        """Name and number, for readers."""


@dataclass(frozen=True)
class Sqlite:
    """A file in the run's folder, where no server is."""

    vendor = "sqlite"

    def settings(self, folder: Path, space: str, name: str) -> dict[str, Any]:  # noqa: ARG002
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self._file(folder))}

    def rename(self, settings: dict[str, Any], name: str) -> None:
        pass

    def sessions(self, folder: Path, name: str, opened: Opened) -> Sessions:  # noqa: ARG002
        return SqliteSessions([self._file(folder)], opened)

    def make_space(self, space: str) -> None:
        pass

    def drop_space(self, space: str) -> None:
        pass

    def ask(self, folder: Path, space: str, sql: str) -> list[Row]:  # noqa: ARG002
        with closing(sqlite3.connect(self._file(folder))) as other:
            return other.execute(sql).fetchall()

    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    @staticmethod
    def _file(folder: Path) -> Path:
        return folder / "db.sqlite3"


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server: its socket's folder, and its port. A run's space is a schema."""

    host: str
    port: str
    vendor = "postgresql"

    def settings(self, folder: Path, space: str, name: str) -> dict[str, Any]:  # noqa: ARG002
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": self.host,
            "PORT": self.port,
            "NAME": "postgres",
            "USER": "postgres",
            "OPTIONS": {"application_name": name, "options": f"-c search_path={space}"},
        }

    def rename(self, settings: dict[str, Any], name: str) -> None:
        settings["OPTIONS"]["application_name"] = name

    def sessions(self, folder: Path, name: str, opened: Opened) -> Sessions:  # noqa: ARG002
        return PostgresSessions(self._connect(), name, opened)

    def make_space(self, space: str) -> None:
        self.drop_space(space)
        with self._connect() as other:
            other.execute(f"CREATE SCHEMA {space}")

    def drop_space(self, space: str) -> None:
        with self._connect() as other:
            other.execute(f"DROP SCHEMA IF EXISTS {space} CASCADE")

    def ask(self, folder: Path, space: str, sql: str) -> list[Row]:  # noqa: ARG002
        with self._connect(options=f"-c search_path={space}") as other:
            return other.execute(sql).fetchall()  # type: ignore[no-any-return]

    def version(self) -> str:
        with self._connect() as other:
            return f"PostgreSQL {other.info.server_version // 10000}"

    def _connect(self, **options: str) -> Any:
        import psycopg

        where = {"host": self.host, "port": self.port, "user": "postgres", "dbname": "postgres"}
        return psycopg.connect(**where | options, autocommit=True)


@dataclass(frozen=True)
class MySQL:
    """A MySQL or MariaDB server by its socket, through PyMySQL. A run's space is a database."""

    socket: str
    vendor = "mysql"

    def settings(self, folder: Path, space: str, name: str) -> dict[str, Any]:  # noqa: ARG002
        import pymysql

        pymysql.install_as_MySQLdb()
        return {
            "ENGINE": "django.db.backends.mysql",
            "HOST": self.socket,
            "NAME": space,
            "USER": "root",
            "OPTIONS": {"program_name": name},
        }

    def rename(self, settings: dict[str, Any], name: str) -> None:
        settings["OPTIONS"]["program_name"] = name

    def sessions(self, folder: Path, name: str, opened: Opened) -> Sessions:  # noqa: ARG002
        return MySQLSessions(self._connect(), name, opened)

    def make_space(self, space: str) -> None:
        self.drop_space(space)
        self._execute(f"CREATE DATABASE {space} CHARACTER SET utf8mb4")

    def drop_space(self, space: str) -> None:
        self._execute(f"DROP DATABASE IF EXISTS {space}")

    def ask(self, folder: Path, space: str, sql: str) -> list[Row]:  # noqa: ARG002
        return self._execute(sql, database=space)

    def version(self) -> str:
        ((text,),) = self._execute("SELECT version()")
        number = ".".join(text.split(".")[:2])
        return f"MariaDB {number}" if "MariaDB" in text else f"MySQL {number}"

    def _execute(self, sql: str, **options: str) -> list[Row]:
        with self._connect(**options) as other, other.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def _connect(self, **options: str) -> Any:
        import pymysql

        return pymysql.connect(unix_socket=self.socket, user="root", autocommit=True, **options)
