"""Finding a plan and proving how good it is: greedy, annealing, neighbourhoods, bounds, infeasible wishes."""
