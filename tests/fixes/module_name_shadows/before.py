import threading

connections = []


def notify():
    connections.append(1)


def start():
    threading.Thread(target=notify).start()  # DJT001 in-place notify
