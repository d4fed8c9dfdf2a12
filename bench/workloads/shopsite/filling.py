"""The site's data: the same in each run."""

from shopsite.models import Category, Product


def fill():
    categories = [Category.objects.create(name=f"category {i}") for i in range(5)]
    Product.objects.bulk_create(Product(name=f"product {i}", cents=199 + 37 * i, category=categories[i % 5]) for i in range(40))
