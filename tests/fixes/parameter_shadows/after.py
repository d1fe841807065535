from threading import Thread

from django.db import connections
from django.db import connections as db_connections

from mail import send


def notify(connections):
    try:
        send(connections)
    finally:
        db_connections.close_all()


def start():
    Thread(target=notify, args=(1,)).start()  # DJT001 in-place notify
