def ä(): pass	if 1:  def b(\
):
    return (
