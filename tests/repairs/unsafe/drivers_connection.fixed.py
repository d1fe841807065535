from django.db import connection


def reset():
    if connection.connection is not None:
        connection.close()  # DJT006
