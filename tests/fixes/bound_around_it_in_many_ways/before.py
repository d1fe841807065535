from threading import Thread

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
        with open(b) as file, open(a) as (other, more):
            print(file, other, more, error, rest, Local)
        Order.objects.create()

    Thread(target=work).start()  # DJT001 in-place view.work
