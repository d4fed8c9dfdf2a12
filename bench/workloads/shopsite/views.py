"""Four views, as a small shop has them."""

from django import forms
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import HttpResponseBadRequest, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from shopsite.models import Category, Order, Product
from shopsite.pricing import total_cents


class OrderForm(forms.Form):
    product = forms.ModelChoiceField(Product.objects.all(), widget=forms.HiddenInput)
    count = forms.IntegerField(min_value=1, max_value=99)


def product_list(request):
    products = Product.objects.select_related("category").order_by("name")
    if query := request.GET.get("q"):
        products = products.filter(name__icontains=query)
    page = Paginator(products, 12).get_page(request.GET.get("page"))
    return render(request, "list.html", {"page": page})


def product_page(request, pk):
    product = get_object_or_404(Product, pk=pk)
    sold = Order.objects.filter(product=product).aggregate(n=Sum("count"))["n"]
    return render(request, "product.html", {"product": product, "sold": sold, "form": OrderForm({"product": pk, "count": 1})})


def order(request):
    form = OrderForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest(str(form.errors))
    product, count = form.cleaned_data["product"], form.cleaned_data["count"]
    Order.objects.filter(product=product).delete()
    Order.objects.create(product=product, count=count, cents=total_cents(product, count))
    return HttpResponseRedirect(reverse("product", args=[product.pk]))


def totals(request):
    rows = Category.objects.annotate(n=Count("product")).values("name", "n").order_by("name")
    return JsonResponse({"categories": list(rows), "orders": Order.objects.count()})
