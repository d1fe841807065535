from threading import Thread

import jobs


def start():
    Thread(target=jobs.sync, args=("a",)).start()  # DJT001
