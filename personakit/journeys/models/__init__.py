"""Models of journeys: how long a memory they have, whether several processes are mixed, where they lead, what comes next."""

from personakit.journeys.models.attribution import attribution, removal_effects
from personakit.journeys.models.leaving import Leaving, predict_leaving
from personakit.journeys.models.mixture import JourneyMixture, journey_mixture
from personakit.journeys.models.order import context_flips, markov_order
from personakit.journeys.models.passage import passage
from personakit.journeys.models.predict import predict_next

__all__ = ["JourneyMixture", "Leaving", "attribution", "context_flips", "journey_mixture", "markov_order", "passage",
           "predict_leaving", "predict_next", "removal_effects"]
