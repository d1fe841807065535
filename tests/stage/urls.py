"""No page: a test's client gets a 404."""

urlpatterns: list[object] = []
