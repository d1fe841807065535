"""A model on each library's base class."""

from __future__ import annotations

from django.db import models
from model_utils.models import TimeStampedModel
from mptt.models import MPTTModel, TreeForeignKey
from ordered_model.models import OrderedModel
from parler.models import TranslatableModel, TranslatedFields
from polymorphic.models import PolymorphicModel
from safedelete.models import SafeDeleteModel
from simple_history.models import HistoricalRecords
from solo.models import SingletonModel
from taggit.managers import TaggableManager
from treebeard.mp_tree import MP_Node
from wagtail.models import Page


class Tree(MPTTModel):
    parent = TreeForeignKey("self", null=True, on_delete=models.CASCADE)


class Path(MP_Node):
    pass


class Shape(PolymorphicModel):
    tags = TaggableManager()


class Stamped(TimeStampedModel):
    history = HistoricalRecords()


class Ordered(OrderedModel):
    pass


class Translated(TranslatableModel):
    translations = TranslatedFields(title=models.CharField(max_length=20))


class Kept(SafeDeleteModel):
    pass


class Configuration(SingletonModel):
    pass


class Article(Page):
    pass
