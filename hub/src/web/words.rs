//! The words of the page in Ukrainian and English.

use imena_core::vocabulary::Term;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    Uk,
    En,
}

/// Every word that a template shows.
#[derive(Debug)]
pub(crate) struct Words {
    pub lang: &'static str,
    pub other: &'static str,
    pub other_name: &'static str,
    pub title: &'static str,
    pub sites: &'static str,
    pub no_sites: &'static str,
    pub back: &'static str,
    pub graves: &'static str,
    pub no_graves: &'static str,
    pub remains: &'static str,
    pub loose: &'static str,
    pub hint: &'static str,
    pub confidence: &'static str,
    pub photos: &'static str,
    pub loose_photos: &'static str,
    pub early: &'static str,
    pub markers: &'static str,
    pub number: &'static str,
    pub receipt: &'static str,
    pub no_receipt: &'static str,
    pub missing: &'static str,
    pub conflict: &'static str,
    pub twice: &'static str,
    pub number_foreign: &'static str,
    pub ended: &'static str,
    pub notices: &'static str,
    pub locked: &'static str,
    pub locked_means: &'static str,
    pub locked_how: &'static str,
    pub signed_out: &'static str,
    pub signed_out_how: &'static str,
    pub not_found: &'static str,
}

impl Lang {
    /// `?lang=en`; everything else is Ukrainian.
    pub fn of(query: Option<&str>) -> Self {
        let is_english = query.is_some_and(|query| query.split('&').any(|pair| pair == "lang=en"));
        if is_english { Self::En } else { Self::Uk }
    }

    pub fn words(self) -> &'static Words {
        match self {
            Self::Uk => &UK,
            Self::En => &EN,
        }
    }
}

impl Words {
    /// A term in this language; nothing for what was not recorded.
    pub fn of(&self, term: Option<Term>) -> String {
        let Some(term) = term else {
            return String::new();
        };
        if self.lang == UK.lang {
            term.uk
        } else {
            term.en
        }
    }
}

const UK: Words = Words {
    lang: "uk",
    other: "en",
    other_name: "English",
    title: "Імена",
    sites: "Місця",
    no_sites: "Тут ще немає жодного місця. Записи з’являться після першої синхронізації телефону.",
    back: "До списку місць",
    graves: "Могили",
    no_graves: "На цьому місці ще не записано жодної могили.",
    remains: "Останки",
    loose: "Останки поза відомими могилами",
    hint: "можливе ім’я, не встановлено",
    confidence: "певність",
    photos: "Знімки",
    loose_photos: "Знімки, яких ще не віднесено до запису",
    early: "Записи, місце або могила яких ще не надійшли",
    markers: "Позначки",
    number: "№",
    receipt: "квитанція №",
    no_receipt: "без квитанції",
    missing: "оригінал ще не надійшов",
    conflict: "є різні значення: має вирішити людина",
    twice: "цей код записано двічі різними телефонами",
    number_foreign: "номер із низки іншого телефону, який його не записував: гляньте на бирку",
    ended: "більше не враховується:",
    notices: "На що варто глянути",
    locked: "Вузол замкнено",
    locked_means: "Він приймає файли, перевіряє їх і видає квитанції, але прочитати їх не може: \
        ключа організації тут зараз немає. Нічого не втрачено.",
    locked_how: "Щоб побачити записи, відімкніть вузол ключем організації в терміналі \
        цього комп’ютера.",
    signed_out: "Потрібен вхід",
    signed_out_how: "Відкрийте одноразове посилання, яке показує термінал цього вузла.",
    not_found: "Такої сторінки немає.",
};

const EN: Words = Words {
    lang: "en",
    other: "uk",
    other_name: "Українська",
    title: "Imena",
    sites: "Sites",
    no_sites: "There is no site here yet. Records appear after the first sync of a phone.",
    back: "All sites",
    graves: "Graves",
    no_graves: "No grave has been recorded on this site yet.",
    remains: "Remains",
    loose: "Remains outside known graves",
    hint: "possible name, not established",
    confidence: "confidence",
    photos: "Photos",
    loose_photos: "Photos that belong to no record yet",
    early: "Records whose site or grave has not arrived yet",
    markers: "Markers",
    number: "no.",
    receipt: "receipt no.",
    no_receipt: "no receipt",
    missing: "original has not arrived",
    conflict: "values differ: a person must decide",
    twice: "two phones recorded this code",
    number_foreign: "a number of another phone's series, which has not recorded it: look at the label",
    ended: "no longer counted:",
    notices: "Worth a look",
    locked: "This hub is locked",
    locked_means: "It takes files, checks them and gives receipts, but cannot read them: the \
        organisation's key is not here now. Nothing is lost.",
    locked_how: "To see the records, unlock the hub with the organisation's key in a \
        terminal of this computer.",
    signed_out: "Sign in",
    signed_out_how: "Open the one-time link that this hub's terminal shows.",
    not_found: "There is no such page.",
};
