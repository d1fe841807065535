from threading import Thread

from orders.models import Order


def sync(name="none"):
    Order.objects.create(name=name)


def start():
    Thread(target=sync, args=("1",)).start()  # DJT001
    Thread(target=sync, args=("2",)).start()  # DJT001
    Thread(target=sync, args=("3",)).start()  # DJT001
    Thread(None, sync, args=("4",)).start()  # DJT001
    for number in range(5, 8):
        thread = Thread(target=sync, args=(str(number),), daemon=True)  # DJT001
        thread.start()
    threads = [Thread(target=sync, kwargs={"name": name}) for name in "89"]  # DJT001
    for thread in threads:
        thread.start()
    worker = Thread(target=sync)  # DJT001
    worker.start()
    worker.join()
