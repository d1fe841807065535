#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Licence of this file.

"""Jobs.

They run later.
"""

from __future__ import annotations

from threading import Thread

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start():
    sync("here")
    Thread(target=sync, args=("a",)).start()  # DJT001
