"""A run at work: the kernel and its end, what really ran, what is said of it meanwhile, what must not get out."""
