"""A failing plan, cut down to what is still needed to fail."""

from tests.simulation.greenhouse import PRESETS


def minimise(plan, fails):
    """Return the shortest plan found for which `fails` still returns true."""
    while (shorter := next((one for one in _shorter(plan) if fails(one)), None)) is not None:
        plan = shorter
    return _simplest(plan, fails)


def _shorter(plan):
    """Yield plans with fewer faults: first without half of them, at last without one."""
    count = len(plan.faults)
    size = (count + 1) // 2
    while size and count:
        for start in range(0, count, size):
            yield plan._replace(faults=plan.faults[:start] + plan.faults[start + size :])
        size //= 2


def _simplest(plan, fails):
    """Return the plan in its simplest form: no extra steps, short faults, the first settings."""
    for n, fault in enumerate(plan.faults):
        for simpler in (fault._replace(steps=0), fault._replace(seconds=fault.seconds / 4)):
            faults = (*plan.faults[:n], simpler, *plan.faults[n + 1 :])
            if simpler != fault and fails(plan._replace(faults=faults)):
                plan = plan._replace(faults=faults)
                break
    candidates = (plan._replace(settings=PRESETS[0]), plan._replace(trusted=True))
    return next((one for one in candidates if one != plan and fails(one)), plan)
