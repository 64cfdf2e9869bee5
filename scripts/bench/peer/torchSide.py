"""The peer of `npm run bench -- engine`: PyTorch eager, Hugging Face's model and generate, PEFT's LoRA.

Reads one JSON request a line, {"do": "open" | "train" | "sample" | "memory", ...}, and answers each with one JSON line. Both sides read
the same model folder, so that their first losses can be compared.
"""

import json
import os
import resource
import sys
import time

import peft
import torch
import transformers
from torch.nn.functional import cross_entropy

LINEAR_LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Side:
    def open(self, folder, adapter, batch, time, threads):
        torch.set_num_threads(threads)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        model.generation_config.eos_token_id = None  # Every transcript gets all its tokens.
        self.vocabulary = model.config.vocab_size
        self.adapted = adapter["kind"] == "lora"
        if self.adapted:
            lora = peft.LoraConfig(
                r=adapter["rank"], lora_alpha=adapter["alpha"], lora_dropout=0.0, target_modules=LINEAR_LAYERS, task_type="CAUSAL_LM"
            )
            model = peft.get_peft_model(model, lora)
        self.model = model
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=1e-4, weight_decay=0.0)
        tokens = 31 * torch.arange(time + 1)[None, :] + 7 * torch.arange(batch)[:, None]
        tokens %= self.vocabulary
        self.ids, self.targets = tokens[:, :-1].contiguous(), tokens[:, 1:].flatten()
        return {"trained": sum(parameter.numel() for parameter in self.trained)}

    def train(self):
        """Forward, backward, clipping at norm 1 and AdamW."""
        self.model.train()
        started = time.perf_counter()
        logits = self.model(input_ids=self.ids, use_cache=False).logits
        loss = cross_entropy(logits.flatten(0, 1), self.targets)
        loss.backward()
        gradients = time.perf_counter()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        ended = time.perf_counter()
        return {"seconds": ended - started, "gradientSeconds": gradients - started, "loss": loss.item()}

    def sample(self, lanes, tokens, temperature):
        """The base model's transcripts from one token on, with keys and values cached."""
        self.model.eval()
        start = (torch.arange(lanes) % self.vocabulary)[:, None]
        settings = dict(do_sample=True, temperature=temperature, top_k=0, top_p=1.0, use_cache=True, pad_token_id=0)
        started = time.perf_counter()
        if self.adapted:
            with self.model.disable_adapter():
                made = self.model.generate(input_ids=start, attention_mask=torch.ones_like(start), max_new_tokens=tokens, **settings)
        else:
            made = self.model.generate(input_ids=start, attention_mask=torch.ones_like(start), max_new_tokens=tokens, **settings)
        seconds = time.perf_counter() - started
        if made.shape != (lanes, tokens + 1):
            raise RuntimeError(f"generate made {tuple(made.shape)} tokens instead of {(lanes, tokens + 1)}")
        return {"seconds": seconds}

    def memory(self):
        """The largest resident size so far."""
        unit = 1 if sys.platform == "darwin" else 1024
        return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def main():
    # What libraries print must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    side = Side()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(side, request.pop("do"))(**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
