"""Products and the orders for them."""

from django.db import models


class Category(models.Model):
    name = models.CharField(max_length=40)


class Product(models.Model):
    name = models.CharField(max_length=80)
    cents = models.IntegerField()
    category = models.ForeignKey(Category, on_delete=models.CASCADE)

    def price(self):
        return f"{self.cents // 100}.{self.cents % 100:02}"


class Order(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    count = models.IntegerField()
    cents = models.IntegerField()
