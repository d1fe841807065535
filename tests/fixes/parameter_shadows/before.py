from threading import Thread

from django.db import connections

from mail import send


def notify(connections):
    send(connections)


def start():
    Thread(target=notify, args=(1,)).start()  # DJT001 in-place notify
