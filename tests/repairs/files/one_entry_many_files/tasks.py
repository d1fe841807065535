from threading import Thread

import jobs


def start():
    Thread(target=jobs.sync, args=("b",)).start()  # DJT001
    Thread(target=jobs.sync, args=("c",)).start()  # DJT001
