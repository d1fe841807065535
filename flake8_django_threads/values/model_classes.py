"""Models as other models know them: by label, by a relation's accessor, by the fields that a class declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.project.resolve import Place
from flake8_django_threads.values.domain import (
    NOTHING,
    ClassValue,
    Ext,
    ModuleValue,
    Value,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_MODEL_OPTIONS = frozenset(
    {"app_label", "db_table", "abstract", "unique_together", "indexes", "constraints", "managed"}
)


class ModelClasses:
    """Finds model classes, and remembers which classes declare fields."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._declaring: dict[ClassValue, bool] = {}

    def find_model(self, klass: ClassValue, label: str) -> Value | None:
        """The model that a string reference such as ``"app.Order"`` or ``"self"`` means in ``klass``."""
        if label == "self":
            return klass
        app, _, name = label.rpartition(".")
        if not app:
            found = self._run.names.module_name(klass.module, name) or NOTHING
            return next((v for v in found if isinstance(v, (ClassValue, Ext))), None)
        return self.app_model(klass.module.path, app, name)

    def app_model(self, importer: str, app: str, name: str) -> Value | None:
        """The model ``name`` of the application labelled ``app``, found by the usual layout of folders."""
        for package in self._run.resolver.packages_called(app, importer):
            place = self._run.resolver.submodule(package, "models")
            if place is not None:
                for value in self._run.names.member(ModuleValue(place.path, place.folders), name):
                    if isinstance(value, ClassValue):
                        return value
        return None

    def module_at(self, place: Place) -> ModuleValue:
        """The module value of a resolved place."""
        return ModuleValue(place.path, place.folders)

    def related(self, model: ClassValue, name: str) -> tuple[Ext, ClassValue] | None:
        """The relation whose accessor ``name`` is on ``model``, and the model of the same module that declares it."""
        for fact in model.module.classes:
            owner = ClassValue(fact, model.module)
            by_default = name.removesuffix("_set") == fact.name.lower()
            for stmt in fact.body:
                if not (isinstance(stmt, (r.Assign, r.Annotate)) and isinstance(stmt.value, r.Call)):
                    continue
                given = next((k.value for k in stmt.value.keywords if k.name == "related_name"), None)
                if not (by_default if given is None else isinstance(given, r.Const) and given.value == name):
                    continue
                target = stmt.targets[0] if isinstance(stmt, r.Assign) else stmt.target
                if isinstance(target, r.Name):
                    for value in self._run.names.class_own(owner, target.id) or NOTHING:
                        if isinstance(value, Ext) and (value.of is None or value.of in self._run.classes.mro(model)):
                            return value, owner
        return None

    def declares_fields(self, klass: ClassValue) -> bool:
        """Whether a class under a base that is not known declares model fields, or options that only models have."""
        known = self._declaring.get(klass)
        if known is None:
            mro = self._run.classes.mro(klass)
            outside = [
                c for c in mro if isinstance(c, Ext) and c.path != "object" and not self._run.models.bases(c.path)
            ]
            known = bool(outside) and any(self._declares(c) for c in mro if isinstance(c, ClassValue))
            self._declaring[klass] = known
        return known

    def _declares(self, klass: ClassValue) -> bool:
        for stmt in klass.fact.body:
            if isinstance(stmt, r.DefineClass) and stmt.klass.name == "Meta":
                names = self._run.names.table(stmt.klass).names
                if names.keys() & _MODEL_OPTIONS:
                    return True
            if isinstance(stmt, r.Assign) and isinstance(stmt.value, r.Call):
                func = stmt.value.func
                from_models = isinstance(func, r.Attr) and isinstance(func.base, r.Name) and func.base.id == "models"
                if from_models and isinstance(func, r.Attr) and func.name.endswith(("Field", "ForeignKey")):
                    return True
        return False
