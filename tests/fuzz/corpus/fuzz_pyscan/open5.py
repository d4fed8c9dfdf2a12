@(
@\
class