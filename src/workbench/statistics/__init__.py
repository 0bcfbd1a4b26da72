"""What evaluation and models share: at-risk conventions, product-limit estimates, splines, multiplicity. A leaf."""
