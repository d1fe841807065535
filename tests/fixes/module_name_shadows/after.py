import threading

from django.db import connections as db_connections

connections = []


def notify():
    try:
        connections.append(1)
    finally:
        db_connections.close_all()


def start():
    threading.Thread(target=notify).start()  # DJT001 in-place notify
