"""How it goes beside other instrumentors of the OpenAI SDK: run in an environment of its own, which has them all."""
