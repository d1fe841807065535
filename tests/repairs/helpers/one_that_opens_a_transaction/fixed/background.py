from threading import Thread

from django.db import connections, transaction


def run_in_background(function, *args):
    def work():
        try:
            with transaction.atomic():
                function(*args)
        finally:
            connections.close_all()

    Thread(target=work, daemon=True).start()  # DJT001
