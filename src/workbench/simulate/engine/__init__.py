"""What happens in a simulated world: settings, structural equations, and the months one after the other."""
