from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        Order.objects.get(name=name)
    except Order.DoesNotExist:
        print("gone")
    except Exception as error:
        print("other", error)
        raise
    else:
        print("there")
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("first",)).start()  # DJT001
    Thread(target=sync, args=("none",)).start()  # DJT001
