import threading

from orders.models import Order


def sync(names):
    """Write them."""
    try:
        found = []
        found.append("aa")
        found.append("ab")
        found.append("ac")
        found.append("ad")
        found.append("ae")
        found.append("af")
        found.append("ag")
        found.append("ah")
        found.append("ai")
        found.append("aj")
        found.append("ak")
        found.append("al")
        found.append("am")
        found.append("an")
        found.append("ao")
        found.append("ap")
        found.append("aq")
        found.append("ar")
        found.append("as")
        found.append("at")
        found.append("au")
        found.append("av")
        found.append("aw")
        found.append("ax")
        found.append("ay")
        found.append("az")
        found.append("ba")
        found.append("bb")
        found.append("bc")
        found.append("bd")
        found.append("be")
        found.append("bf")
        found.append("bg")
        found.append("bh")
        found.append("bi")
        found.append("bj")
        found.append("bk")
        found.append("bl")
        found.append("bm")
        found.append("bn")
        found.append("bo")
        found.append("bp")
        found.append("bq")
        found.append("br")
        found.append("bs")
        found.append("bt")
        found.append("bu")
        found.append("bv")
        for name in names:
            Order.objects.create(name=name)
        print(len(found))
    except ValueError:
        print("no")


def start():
    threading.Thread(target=sync, args=(["a"],)).start()  # DJT001
