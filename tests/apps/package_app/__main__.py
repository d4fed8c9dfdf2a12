import sys

from package_app import top
from package_app.sub import leaf


def main(args):
    print(__name__, len(args), top(), leaf.value(), leaf.lazy())


main(sys.argv[1:])
