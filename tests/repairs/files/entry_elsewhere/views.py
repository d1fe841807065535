from threading import Thread

from jobs import sync


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
