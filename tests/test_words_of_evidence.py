"""What messages call the code that runs in a thread, and the touch in it; what a site says of the way to its spawn."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from flake8_django_threads.engine import Engine

HEAD = """\
import threading

from django.db import models, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver


class Order(models.Model):
    parent = models.ForeignKey("self", models.CASCADE)


"""


def messages(folder: Path, code: str) -> list[str]:
    (folder / "case.py").write_text(HEAD + dedent(code), encoding="utf-8")
    report = Engine(cwd=str(folder)).analyse("case.py")
    assert report.problems == ()
    return [finding.text for finding in report.findings]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("with transaction.atomic(): pass", "(transaction.atomic, case.py:"),
        ("list(Order.objects.all())", "(Order.objects, case.py:"),
        ("print(Order.objects.get().parent)", "(Order.get, case.py:"),
    ],
)
def test_the_touch_is_named_as_it_is_written(tmp_path: Path, body: str, words: str) -> None:
    (text,) = messages(tmp_path, f"def work():\n    {body}\n\n\nthreading.Thread(target=work).start()\n")
    assert words in text


def test_a_managers_method_is_named_by_its_model(tmp_path: Path) -> None:
    (text,) = messages(tmp_path, "threading.Thread(target=Order.objects.create).start()\n")
    assert text.startswith("DJT001 Order.create() runs in a new thread")


def test_a_long_name_never_costs_the_touch(tmp_path: Path) -> None:
    name = "that_has_a_name_which_is_longer_than_anyone_would_care_to_write"
    code = f"""\
        class Something_{name}:
            def {name}_and_more(self):
                Order.objects.count()


        threading.Thread(target=Something_{name}().{name}_and_more).start()
        """
    (text,) = messages(tmp_path, code)
    assert "Order.count" in text
    assert len(text) <= 200


@pytest.mark.parametrize(
    ("mark", "below"),
    [
        ("@receiver(post_save, sender=Order)\n", ""),
        ("@receiver([post_save], sender=Order)\n", ""),
        ("", "\n\npost_save.connect(saved, sender=Order)\n"),
    ],
)
def test_a_receiver_is_given_an_object_of_its_sender(tmp_path: Path, mark: str, below: str) -> None:
    spawn = "    threading.Thread(target=instance.refresh_from_db).start()\n"
    (text,) = messages(tmp_path, f"{mark}def saved(sender, instance, **kwargs):\n{spawn}{below}")
    assert text.startswith("DJT001 Order.refresh_from_db() runs in a new thread")


def test_a_receiver_of_an_unknown_sender_is_given_anything(tmp_path: Path) -> None:
    code = "@receiver(post_save)\ndef saved(instance, **kwargs):\n    threading.Thread(target=instance.save).start()\n"
    assert messages(tmp_path, code) == []
