"""The templates, kept in the program."""

from django.template import Origin, TemplateDoesNotExist
from django.template.loaders.base import Loader as BaseLoader

PAGES = {
    "base.html": "<html><head><title>{% block title %}Shop{% endblock %}</title></head>"
                 "<body>{% block body %}{% endblock %}</body></html>",
    "list.html": "{% extends 'base.html' %}{% block body %}<ul>{% for p in page %}"
                 "<li class='{% cycle 'odd' 'even' %}'><a href='{% url 'product' p.pk %}'>{{ p.name|title }}</a> "
                 "{{ p.category.name|upper }} {{ p.price }}{% if p.cents > 900 %} <b>premium</b>{% endif %}</li>{% endfor %}</ul>"
                 "{% if page.has_next %}<a href='?page={{ page.next_page_number }}'>more</a>{% endif %}{% endblock %}",
    "product.html": "{% extends 'base.html' %}{% block title %}{{ product.name }}{% endblock %}{% block body %}"
                    "<h1>{{ product.name }}</h1><p>{{ product.price }}, sold {{ sold|default:0 }}</p>"
                    "<form method='post' action='{% url 'order' %}'>{% csrf_token %}{{ form.as_p }}</form>{% endblock %}",
}


class Loader(BaseLoader):
    def get_template_sources(self, template_name):
        yield Origin(name=template_name, template_name=template_name, loader=self)

    def get_contents(self, origin):
        try:
            return PAGES[origin.name]
        except KeyError:
            raise TemplateDoesNotExist(origin) from None
