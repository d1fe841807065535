from threading import Thread

from jobs import Jobs


def start():
    Thread(target=Jobs().sync, args=("a",)).start()  # DJT001
