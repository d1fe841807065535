from contextlib import nullcontext
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
        with nullcontext(b) as file, nullcontext((a, a)) as (other, more):
            print(file, other, more, Local.__name__)
        Order.objects.create()

    Thread(target=work, args=(1,), kwargs={"b": 2}).start()  # DJT001 in-place view.work
