"""What does a call of a hook cost in pluggy and simplug? The cheapest of so many batches, in nanoseconds for a call with 0, 1, 4 and 16
implementations that add one to a counter: sync in both, and async in simplug, which pluggy does not have."""

import asyncio
import time

import pluggy
import simplug

COUNTS = (0, 1, 4, 16)
BATCHES = 300
CALLS = 200


def cheapest(call):
    best = float("inf")
    for _ in range(BATCHES):
        since = time.perf_counter_ns()
        for _ in range(CALLS):
            call()
        best = min(best, (time.perf_counter_ns() - since) / CALLS)
    return best


async def cheapest_awaited(call):
    best = float("inf")
    for _ in range(BATCHES):
        since = time.perf_counter_ns()
        for _ in range(CALLS):
            await call()
        best = min(best, (time.perf_counter_ns() - since) / CALLS)
    return best


def with_pluggy(count):
    spec, impl = pluggy.HookspecMarker("it"), pluggy.HookimplMarker("it")

    class Specs:
        @spec
        def on_job(self, job):
            pass

    class Plugin:
        seen = 0

        @impl
        def on_job(self, job):
            self.seen += 1

    manager = pluggy.PluginManager("it")
    manager.add_hookspecs(Specs)
    for _ in range(count):
        manager.register(Plugin())
    return cheapest(lambda: manager.hook.on_job(job=7))


def simplug_with(count, plugin, is_async):
    it = simplug.Simplug(f"it{count}{is_async}")

    async def waits(job):
        pass

    def on_job(job):
        pass

    on_job = waits if is_async else on_job
    on_job.__name__ = "on_job"
    it.spec(on_job)
    for number in range(count):
        it.register(plugin(it, f"plugin{number}"))
    return lambda: it.hooks.on_job(7)


def sync_plugin(it, name):
    class Plugin:
        seen = 0

        @it.impl
        def on_job(job):
            Plugin.seen += 1

    Plugin.__name__ = name
    return Plugin


def async_plugin(it, name):
    class Plugin:
        seen = 0

        @it.impl
        async def on_job(job):
            Plugin.seen += 1

    Plugin.__name__ = name
    return Plugin


def with_simplug(count):
    return cheapest(simplug_with(count, sync_plugin, False))


def with_simplug_async(count):
    return asyncio.run(cheapest_awaited(simplug_with(count, async_plugin, True)))


def row(name, costs):
    print(f"{name:<24}" + "".join(f"{cost:>10.0f}" for cost in costs))


row(f"pluggy {pluggy.__version__}, sync", map(with_pluggy, COUNTS))
row(f"simplug {simplug.__version__}, sync", map(with_simplug, COUNTS))
row(f"simplug {simplug.__version__}, async", map(with_simplug_async, COUNTS))
