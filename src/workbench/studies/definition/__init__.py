"""What a study is: its notebook, its parameters, and what a refused value probably meant."""
