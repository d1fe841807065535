from jobs import Worker


def start():
    Worker().start()
