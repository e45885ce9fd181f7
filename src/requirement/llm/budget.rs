//! What one requirement may take: tokens, seconds, money. Asked before each exchange, told after.

use super::Tokens;
use crate::vocabulary::Diagnostic;
use crate::workspace::{LanguageModel, ModelUse, Money};

/// What is left, and what was taken.
#[derive(Clone, Debug)]
pub struct Budget<'a> {
    model: &'a LanguageModel,
    /// What was taken so far.
    pub used: ModelUse,
}

impl<'a> Budget<'a> {
    /// Nothing is taken yet.
    pub fn new(model: &'a LanguageModel) -> Budget<'a> {
        let used = ModelUse { model: model.label(), cost: cost(model, 0, 0), ..ModelUse::default() };
        let currency = model.price.as_ref().map(|p| p.currency.clone());
        Budget { model, used: ModelUse { currency, ..used } }
    }

    /// Whether a question of `input` tokens may be sent after `seconds`: its longest answer would still be within.
    ///
    /// # Errors
    /// The budget that it would go beyond.
    pub fn allows(&self, input: u64, seconds: f64) -> Result<(), Diagnostic> {
        let over = |what: String, field: &str| {
            Err(Diagnostic::error("model-budget", what)
                .why(self.used.to_string())
                .next(format!("raise `model.{field}`, or say the requirement shorter")))
        };
        let output = u64::from(self.model.answer_tokens);
        let tokens = self.used.tokens_in + self.used.tokens_out + input + output;
        if tokens > u64::from(self.model.max_tokens) {
            let what = format!("up to {tokens} tokens would be taken, and {} are allowed", self.model.max_tokens);
            return over(what, "max_tokens");
        }
        if seconds >= f64::from(self.model.max_seconds) {
            let what = format!("{} seconds are over", self.model.max_seconds);
            return over(what, "max_seconds");
        }
        let next = cost(self.model, self.used.tokens_in + input, self.used.tokens_out + output);
        match (self.model.max_cost, next) {
            (Some(most), Some(next)) if next > most => {
                let what = format!("up to {next} would be paid, and {most} is allowed");
                over(what, "max_cost")
            }
            _ => Ok(()),
        }
    }

    /// An exchange took place. What the provider does not count is counted by what was `sent` and `said`, in tokens.
    pub fn took(&mut self, counted: Tokens, sent: u64, said: u64) {
        self.used.answers += 1;
        self.used.estimated |= counted.input.is_none() || counted.output.is_none();
        self.used.tokens_in += counted.input.unwrap_or(sent);
        self.used.tokens_out += counted.output.unwrap_or(said);
        self.used.cost = cost(self.model, self.used.tokens_in, self.used.tokens_out);
    }

    /// An answer that was there already: it cost nothing.
    pub fn repeated(&mut self) {
        self.used.repeated += 1;
    }
}

/// What tokens cost; none where no price is known. What runs on one's own machine costs nothing.
fn cost(model: &LanguageModel, input: u64, output: u64) -> Option<Money> {
    let Some(price) = &model.price else { return model.is_local().then_some(Money(0)) };
    let of = |tokens: u64, price: Money| u128::from(tokens) * u128::from(price.0);
    let total = (of(input, price.input) + of(output, price.output)).div_ceil(1_000_000);
    Some(Money(u64::try_from(total).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn model(rest: &str) -> LanguageModel {
        serde_yaml::from_str(&format!("{{provider: gemini, name: m, answer_tokens: 1000, {rest}}}")).unwrap()
    }

    #[test]
    fn no_budget_is_gone_beyond() {
        let model = model("max_tokens: 5000, max_seconds: 60, max_cost: 0.01, price: {input: 1, output: 2}");
        let mut budget = Budget::new(&model);
        assert!(budget.allows(4000, 0.0).is_ok());
        assert!(budget.allows(4001, 0.0).unwrap_err().what.contains("5001 tokens"));
        assert!(budget.allows(1, 60.0).unwrap_err().next.unwrap().contains("max_seconds"));
        budget.took(Tokens { input: Some(2000), output: None }, 1, 500);
        assert_eq!((budget.used.tokens_in, budget.used.tokens_out, budget.used.cost), (2000, 500, Some(Money(3000))));
        assert!(budget.used.estimated);
        assert!(budget.allows(1500, 1.0).is_ok());
        budget.took(Tokens { input: Some(500), output: Some(1600) }, 0, 0);
        assert_eq!(budget.used.cost, Some(Money(6700)));
        // 0.0067 so far, 1000 in and 1000 out would be 0.003 more: the tokens are over first.
        assert!(budget.allows(300, 1.0).unwrap_err().what.contains("tokens"));
        let dear = LanguageModel { max_tokens: 1_000_000, ..model.clone() };
        let budget = Budget { model: &dear, used: budget.used.clone() };
        assert!(budget.allows(1400, 1.0).unwrap_err().what.contains("0.0101 would be paid"));
    }

    #[test]
    fn a_cost_that_is_not_known_is_not_zero() {
        let (cloud, local) = (model(""), serde_yaml::from_str::<LanguageModel>("provider: ollama").unwrap());
        assert_eq!(Budget::new(&cloud).used.cost, None);
        assert_eq!(Budget::new(&local).used.cost, Some(Money(0)));
    }
}
