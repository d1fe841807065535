from threading import Thread

from jobs import only_spawned, shared


def start():
    shared("here")
    Thread(target=only_spawned, args=("a",)).start()  # DJT001
    Thread(target=shared, args=("b",)).start()  # DJT001
