"""Sentences of our own about people and everyday things in which nobody feels anything: made from templates.

Who somebody is says nothing about what anybody feels: sentences that differ in an identity or a name alone have one
target. Plain statements, questions and requests of everyday life teach the RNN when to abstain.
"""

from __future__ import annotations

from random import Random

from training.texts.denials import listed

IDENTITIES = listed(
    "American|Arab|Asian|African|atheist|autistic|bald|bisexual|black|blind|blonde|Brazilian|British|Buddhist|Canadian|"
    "Catholic|Chinese|Christian|deaf|disabled|Dutch|Egyptian|elderly|Ethiopian|European|fat|female|French|gay|German|"
    "Greek|Gypsy|heavy|Hindu|homeless|Indian|Indonesian|Iranian|Iraqi|Irish|Israeli|Italian|Jamaican|Japanese|Jewish|"
    "Kenyan|Korean|Latino|lesbian|male|Mexican|middle-aged|Moroccan|Muslim|Nigerian|old|overweight|Pakistani|"
    "Palestinian|Polish|poor|pregnant|Protestant|queer|rich|Romanian|Russian|Scottish|short|Sikh|skinny|Somali|Spanish|"
    "straight|Swedish|Syrian|tall|tattooed|thin|transgender|trans|Turkish|Ukrainian|Vietnamese|white|young"
)
PERSONS = listed(
    "man|woman|person|girl|boy|student|teacher|colleague|neighbour|customer|driver|doctor|nurse|couple|family|guy|lady|"
    "tourist|waiter|cashier|passenger|classmate|flatmate|manager|nurse|policeman|cleaner|engineer"
)
NAMES = listed(
    "Adam|Ahmed|Ali|Amina|Ana|Andrei|Ben|Bilal|Carmen|Chidi|Chloe|Claire|Daniel|David|Deepak|Diego|Dmitry|Elena|Emma|"
    "Eva|Farid|Fatou|Gabriela|Grace|Hannah|Hassan|Helen|Ivan|James|Jin|John|Juan|Julia|Kareem|Kevin|Kofi|Laura|Leila|"
    "Li|Lucas|Mary|Maryam|Mike|Miguel|Mustafa|Nadia|Nina|Noah|Omar|Pablo|Paul|Peter|Precious|Rahul|Rosa|Sanjay|Sara|"
    "Sofia|Tanisha|Thomas|Tomasz|Viktor|Wang|Xavier|Yusuf|Zoe|Abdullah|Agnes|Aisha|Alice|Anita|Anna|Antonio|Ashley|"
    "Barbara|Boris|Brian|Bruno|Carlos|Charles|Chen|Christine|Darnell|Diana|Emily|Erik|Esther|Fatima|Felix|Francesca|"
    "Frank|George|Giovanni|Hans|Henry|Hiroshi|Ibrahim|Igor|Ingrid|Isabel|Jack|Jamal|Jasmine|Jennifer|Jesus|Jorge|Jose|"
    "Karen|Kate|Kenji|Khalid|Kim|Lars|Liam|Linda|Louis|Luigi|Maria|Marie|Mark|Martin|Mei|Michael|Michelle|Mohammed|"
    "Mohamed|Monica|Natasha|Nguyen|Nicole|Olga|Oliver|Oscar|Patrick|Pedro|Philip|Pierre|Priya|Rachel|Raj|Rebecca|Richard|"
    "Robert|Roberto|Samuel|Sandra|Sean|Sergei|Simon|Singh|Stephen|Susan|Svetlana|Tariq|Terrence|Tim|Todd|Tony|Tyrone|"
    "Vanessa|Vladimir|Walter|Wei|William|Yuki|Zainab|Zhang|"
    "Aaliyah|Abdul|Akira|Alejandro|Amir|Ayodele|Chioma|Connor|Dimitri|Ebony|Elif|Giulia|Kwame|Latoya|Layla|Malik|"
    "Moshe|Neha|Rajesh|Siobhan|Yasmin|Harry|Sam|Tom|Joe|Bob|Lisa|Amy|Jim|Nick|Luke|Ryan|Jason|Eric|Steve|Chris|"
    "Alex|Max|Leo|Sophie|Lucy|Olivia|Charlotte|Amelia|Ella|Mia|Arthur|Alfred|Albert|Edward|Andrew|Anthony|Dennis|"
    "Donald|Douglas|Gary|Gerald|Greg|Harold|Howard|Jeff|Jerry|Keith|Kenneth|Larry|Matthew|Nathan|Roger|Ronald|"
    "Scott|Sarah|Jessica|Amanda|Melissa|Deborah|Stephanie|Laurie|Carol|Ruth|Sharon|Cynthia|Kathleen|Angela|"
    "Shirley|Brenda|Pamela|Katherine|Samantha|Debra|Janet|Heather|Debbie|Julie|Joyce|Victoria|Kelly|Lauren|Joan|"
    "Judith|Megan|Andrea|Cheryl|Jacqueline|Martha|Gloria|Teresa|Ann|Madison|Frances|Kathryn|Janice|Jean|Abigail|"
    "Elizabeth|Margaret|Dorothy|Nancy|Betty|Donna|Beatriz|Mehmet|Ayse|Fatma|Emre|Aylin|Astrid|Sven|Ingmar|Piotr|"
    "Agnieszka|Katarzyna|Marek|Zofia|Jan|Pavel|Jana|Milan|Ivana|Goran|Dragan|Ion|Mihai|Andreea|Laszlo|Zoltan|"
    "Eszter|Yannis|Eleni|Nikos|Vikram|Arjun|Anjali|Sunita|Kavita|Ravi|Suresh|Ming|Xiao|Jun|Hui|Yan|Lin|Takeshi|"
    "Yoko|Haruki|Sakura|Minho|Jiwoo|Soo|Thabo|Zanele|Nkosi|Amara|Ngozi|Emeka|Tunde|Funmi|Abebe|Haile|Selam|"
    "Wanjiru|Otieno|Mariana|Thiago|Ricardo|Fernando|Guadalupe|Ximena|Rafael|Camila|Valentina|Mateo"
)
# Identities that tell of an event or a state, and names that are other words too, keep vectors of their own.
_TELLING = frozenset(("pregnant", "homeless", "poor", "rich", "young", "tall"))
_WORDS = frozenset(("grace", "precious", "mark", "frank", "jesus", "max", "drew"))
_DOES = listed(
    "walked past the shop|is standing at the bus stop|asked for the time|bought a newspaper|lives next door|works here|"
    "was on the train|came into the office|was waiting in line|opened the door|is our new teacher|moved in downstairs|"
    "was reading a book|sat at the next table|sells fruit on the market|called about the flat|is in my class|"
    "ordered a coffee|parked in front of the house|was at the meeting|speaks two languages|has a dog|plays football"
)
_WHERE = listed(
    "at the counter|in the lift|behind me|at the next desk|by the window|on the platform|who delivered the parcel|"
    "across the street|in seat twelve|next to us|at the till|ahead of us|on the sofa|upstairs|in the waiting room|"
    "ahead of us in the queue|behind me in the line|at the till before us|in the row before ours"
)
_RELATIONS = listed(
    "teacher|boss|landlord|flatmate|dentist|cousin|coach|neighbour|colleague|partner|doctor|friend|tutor|barber|aunt"
)
_MEETS = listed(
    "I met {a}|I stood next to {a}|{a} stood beside us|{a} sat down opposite me|{a} sat in front of us|I asked {a}|"
    "I had a chat with {a}|Today I spoke with {a}|{a} and I waited for the train|I talked with {a} this morning|"
    "I saw {a}|There was {a} at the station|I sat beside {a}|I work with {a}|I spoke to {a} on the phone|"
    "We have {a} on our team|My doctor is {a}|I share an office with {a}|I live next to {a}|She married {a}|"
    "Our landlord is {a}"
)
_IS = listed(
    "My teacher is {i}|My boss is {i}|The man at the counter was {i}|Her husband is {i}|Our guide was {i}|I am {i}|"
    "The woman next door is {i}|The driver was {i}|My roommate is {i}|Most people here are {i}|His mother is {i}"
)
_THINGS = listed(
    "bus|train|shop|library|meeting|printer|report|ticket|key|bill|form|parcel|password|appointment|bank|post office|"
    "museum|pool|school|gym|window|washing machine|kettle|laptop|phone|invoice|map|menu|list|book|bike|car|recipe"
)
_DAYS = listed("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|tomorrow|today|next week|the weekend")
_FOODS = listed("toast|rice|soup|pasta|an apple|cereal|a sandwich|eggs|yoghurt|salad|noodles|porridge|beans|chicken")
_WEAR = listed("a blue shirt|black shoes|a grey coat|my old jeans|a white hat|glasses|a scarf")
_ASKED = listed(
    "What time does the {thing} open|Where is the {thing}|How do I reset the {thing}|Is the {thing} on {day}|"
    "Can you send me the {thing}|Do you have the {thing}|How much is the {thing}|When is the {thing}|"
    "Which {thing} do I need|Who has the {thing}|Does anyone know where the {thing} is|how far is the {thing}|"
    "Could you move the {thing} to {day}|Please bring the {thing} on {day}|Remind me about the {thing} {day}|"
    "What is the {thing} called|How long does the {thing} take|Should I take the {thing} or the bus"
)
_PLAIN = listed(
    "I had {food} for breakfast|I am having {food} for lunch|I am wearing {wear}|I am on the bus|The {thing} is at {n}|"
    "I work from home on {day}|I am {n} years old|I have two brothers|It is {day}|I put the {thing} on the table|"
    "I left the {thing} in the car|I need to buy {food}|My phone number ends in {n}|I take the {thing} at {n}|"
    "The {thing} closes at {n}|I am going to the {thing} on {day}|We moved the {thing} to {day}|I wash the dishes|"
    "I usually get up at {n}|My sister lives in the city|I used the {thing}|There are {n} chairs in the room|"
    "I am typing this on my phone|I go to the gym on {day}|My dog is brown|I have a meeting at {n}|just testing this|"
    "I study biology|I live on the third floor|the weather is cloudy {day}|It is {n} degrees outside|"
    "He works in a bank|She is a nurse|They have three children|He is {n}|The {thing} is on the left|"
    "I will call you {day}|see you {day}|ok see you at {n}|thanks for the information|good morning|hello|hi there|"
    "this is a test|yes|no|maybe later|I don't know yet|The {thing} has arrived|I have read the {thing}|"
    "We use the {thing} every day|I drank a glass of water|I brush my teeth twice a day|I wrote to the {thing}|"
    "The {thing} was built in {year}|He plays for the second team|She reads the newspaper|Turn left at the {thing}"
)
_ENDS = ("", "", ".", ".", " .")


def names() -> list[str]:
    """First names as tokens."""
    return sorted({name.lower() for name in NAMES} - _WORDS)


def identities() -> list[str]:
    """Identities as tokens."""
    return sorted({one.lower() for one in IDENTITIES if one.isalpha()} - _TELLING)


def ordinary(random: Random) -> str:
    """A sentence in which nobody feels anything.

    Args:
        random: source of chance.
    """
    kind = random.random()
    if kind < 0.55:
        text = _of_somebody(random)
    else:
        text = random.choice(_ASKED) + random.choice("??? ") if kind < 0.7 else random.choice(_PLAIN)
        text = text.format(
            thing=random.choice(_THINGS),
            day=random.choice(_DAYS),
            food=random.choice(_FOODS),
            wear=random.choice(_WEAR),
            n=random.randrange(2, 60),
            year=random.randrange(1900, 2024),
        )
        text = text.strip() + ("" if text.rstrip().endswith("?") else random.choice(_ENDS))
    return text.lower() if random.random() < 0.3 else text


def _of_somebody(random: Random) -> str:
    """Somebody with a name or an identity, in an ordinary situation."""
    who = somebody(random)
    kind = random.random()
    if kind < 0.45:
        text = f"{who[:1].upper()}{who[1:]} {random.choice(_DOES)}"
    elif kind < 0.7:
        text = random.choice(_MEETS).format(a=who)
        text = text[:1].upper() + text[1:]
    elif kind < 0.85:
        text = f"The {random.choice(PERSONS)} {random.choice(_WHERE)} was {random.choice(IDENTITIES)}"
    elif kind < 0.92:
        new = random.choice(("", "new ", "old ", "best "))
        text = f"{random.choice(('My', 'Our', 'Her'))} {new}{random.choice(_RELATIONS)} is {random.choice(IDENTITIES)}"
    else:
        text = random.choice(_IS).format(i=random.choice(IDENTITIES))
    return text + random.choice(_ENDS)


def somebody(random: Random) -> str:
    """A person, by name or by who they are.

    Args:
        random: source of chance.
    """
    if random.random() < 0.4:
        return random.choice(NAMES)
    who = f"{random.choice(IDENTITIES)} {random.choice(PERSONS)}"
    article = "an" if who[0].lower() in "aeiou" else "a"
    return f"{random.choice((article, article, 'the', 'this'))} {who}"
