from threading import Thread

import jobs


def start():
    getattr(jobs, "sync")("here")
    Thread(target=jobs.sync, args=("a",)).start()  # DJT001
