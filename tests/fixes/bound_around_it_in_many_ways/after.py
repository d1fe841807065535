from threading import Thread

from django.db import connections as db_connections_2
from orders.models import Order


def view(request, *args, **kwargs):
    match request:
        case {"a": 1, **connections}:
            pass
        case [db_connections, *rest]:
            pass
    try:
        pass
    except ValueError as error:
        pass

    class Local:
        pass

    def work(a, *, b=None):
        try:
            with open(b) as file, open(a) as (other, more):
                print(file, other, more, error, rest, Local)
            Order.objects.create()
        finally:
            db_connections_2.close_all()

    Thread(target=work).start()  # DJT001 in-place view.work
