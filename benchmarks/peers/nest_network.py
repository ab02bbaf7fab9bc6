"""Run a network of ours in NEST, in NEST's own environment:  python nest_network.py NETWORK.npz OUT.npz

The files are those of brian2_network.py; every delay must be at least one step. Drives of the network, if any, become
Poisson generators of NEST, whose trains differ for every target. `build` is the time to create and connect.
"""

import json
import sys
import time

import nest
import numpy as np

given = np.load(sys.argv[1])
about = json.loads(str(given["about"]))
nest.set_verbosity("M_ERROR")
nest.ResetKernel()
nest.resolution = about["dt"]
nest.local_num_threads = 1
nest.rng_seed = 1 + about.get("seed", 0)

begin = time.process_time()
groups, recorders = [], []
for g, p in enumerate(about["populations"]):
    shared = dict(E_L=p["rest"], V_reset=p["reset"], V_th=p["threshold"], t_ref=p["refractory"])
    taus = dict(tau_syn_ex=p["tau_excitatory"], tau_syn_in=p["tau_inhibitory"])
    if p["kind"] == "ConductanceLIF":
        own = dict(C_m=p["capacitance"], g_L=p["leak"], E_ex=p["reversal_excitatory"], E_in=p["reversal_inhibitory"])
        group = nest.Create("iaf_cond_exp", p["size"], shared | taus | own)
    elif p["synapses"] == "delta":
        group = nest.Create("iaf_psc_delta", p["size"], shared | dict(tau_m=p["tau"], C_m=p["tau"]))
    else:
        # A capacitance of tau (pF, ms) makes the membrane resistance 1, so that pA are mV.
        model = "iaf_psc_exp" if p["synapses"] == "exponential" else "iaf_psc_alpha"
        group = nest.Create(model, p["size"], shared | taus | dict(tau_m=p["tau"], C_m=p["tau"]))
    group.V_m = given[f"v{g}"]
    recorder = nest.Create("spike_recorder")
    nest.Connect(group, recorder)
    groups.append(group)
    recorders.append(recorder)
for q, s in enumerate(about["projections"]):
    sources, targets = groups[s["source"]], groups[s["target"]]
    weight = s["weight"] if s["sign"] == "excitatory" else -s["weight"]
    if f"i{q}" in given:
        pre, post = given[f"i{q}"] + sources[0].global_id, given[f"j{q}"] + targets[0].global_id
        n = len(pre)
        nest.Connect(pre, post, "one_to_one", dict(synapse_model="static_synapse", weight=np.full(n, weight), delay=np.full(n, s["delay"])))
    else:
        rule = dict(rule="fixed_indegree", indegree=s["in_degree"], allow_autapses=False, allow_multapses=False)
        nest.Connect(sources, targets, rule, dict(weight=weight, delay=s["delay"]))
for d in about.get("drives", ()):
    generator = nest.Create("poisson_generator", params=dict(rate=d["rate"], stop=d["until"] or 1e12))
    nest.Connect(generator, groups[d["target"]], syn_spec=dict(weight=d["weight"], delay=about["dt"]))
build = time.process_time() - begin
nest.Prepare()
begin = time.process_time()
nest.Run(about["duration"])
seconds = time.process_time() - begin
nest.Cleanup()

steps, neurons, first = [], [], 0
for group, recorder in zip(groups, recorders, strict=True):
    # A spike found in the step that ends at t + dt carries the time t + dt.
    steps.append(np.round(np.asarray(recorder.events["times"]) / about["dt"]).astype(int) - 1)
    neurons.append(np.asarray(recorder.events["senders"]) - group[0].global_id + first)
    first += len(group)
steps, neurons = np.concatenate(steps), np.concatenate(neurons)
order = np.lexsort((neurons, steps))
np.savez(sys.argv[2], step=steps[order], neuron=neurons[order], seconds=[seconds], build=build)
