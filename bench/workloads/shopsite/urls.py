from django.urls import path

from shopsite import views

urlpatterns = [
    path("", views.product_list, name="list"),
    path("product/<int:pk>/", views.product_page, name="product"),
    path("order/", views.order, name="order"),
    path("totals.json", views.totals, name="totals"),
]
