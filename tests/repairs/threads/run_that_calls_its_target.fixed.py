from threading import Thread

from django.db import connections

from orders.models import Order


class Quiet(Thread):
    def run(self):
        try:
            self._target(*self._args, **self._kwargs)
        except Exception as error:
            print("failed", error)
        finally:
            connections.close_all()


def sync(name):
    Order.objects.create(name=name)


def start():
    Quiet(target=sync, args=("made",)).start()  # DJT001
