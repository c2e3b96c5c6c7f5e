"""Who the demo is about. Everything is invented; the domains are reserved for examples."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """Something on sale; `price` is minor units of the brand's currency."""

    key: str
    category: str
    price: int


@dataclass(frozen=True, slots=True)
class Brand:
    """A merchant of the demo and how much of everything it has."""

    slug: str
    name: str
    currency: str
    time_zone: str
    domain: str
    color: str
    """What the portal and e-mails are branded with, `#rrggbb`."""
    customers: int
    partners: int
    orders: int
    countries: tuple[tuple[str, int], ...]
    """Country and its weight."""
    shipping: int
    tax_percent: int
    fixed_reward: int
    """What a few partners get for every order, in minor units."""
    least_payout: int
    products: tuple[Product, ...]


COFFEE = Brand(
    slug="halden-coffee",
    name="Halden Coffee",
    currency="USD",
    time_zone="America/New_York",
    domain="halden-coffee.example",
    color="#1a7048",
    customers=3_000,
    partners=120,
    orders=14_000,
    countries=(("US", 78), ("CA", 12), ("GB", 6), ("DE", 4)),
    shipping=595,
    tax_percent=8,
    fixed_reward=500,
    least_payout=20_000,
    products=(
        Product("beans-250", "beans", 1_490),
        Product("beans-1000", "beans", 4_600),
        Product("subscription", "subscription", 3_200),
        Product("filter-papers", "accessories", 890),
        Product("grinder", "equipment", 12_900),
        Product("kettle", "equipment", 8_450),
        Product("mug", "accessories", 1_850),
    ),
)

LIGHTING = Brand(
    slug="lumen-loft",
    name="Lumen & Loft",
    currency="EUR",
    time_zone="Europe/Berlin",
    domain="lumen-loft.example",
    color="#f2b63c",
    customers=400,
    partners=24,
    orders=1_600,
    countries=(("DE", 60), ("AT", 15), ("NL", 15), ("FR", 10)),
    shipping=790,
    tax_percent=19,
    fixed_reward=1_200,
    least_payout=10_000,
    products=(
        Product("desk-lamp", "lamps", 8_900),
        Product("floor-lamp", "lamps", 21_900),
        Product("bulb-set", "bulbs", 2_450),
        Product("dimmer", "accessories", 3_990),
    ),
)

STATIONERY = Brand(
    slug="kumo-paper",
    name="Kumo Paper",
    currency="JPY",
    time_zone="Asia/Tokyo",
    domain="kumo-paper.example",
    color="#b4234a",
    customers=150,
    partners=10,
    orders=500,
    countries=(("JP", 90), ("TW", 10)),
    shipping=600,
    tax_percent=10,
    fixed_reward=300,
    least_payout=3_000,
    products=(
        Product("notebook", "paper", 1_650),
        Product("fountain-pen", "pens", 8_800),
        Product("ink", "pens", 1_980),
    ),
)

BRANDS = (COFFEE, LIGHTING, STATIONERY)

FIRST_NAMES = (
    "Ada Amir Anna Ben Bruno Carla Chen Clara Daan David Dora Elena Elias Emma Eva Farid Finn Flora Gina Hana Hugo Ida"
    " Ines Ivan Jack Jana Jonas Julia Kai Karim Lara Lea Leo Lina Luca Maja Marco Maria Mila Milo Nadia Nils Nina Noah"
    " Olga Omar Otto Paula Pia Rosa Ruth Sami Sara Sofia Tara Theo Tom Uma Vera Yara Yuki Zoe"
).split()
LAST_NAMES = (
    "Abel Adler Bauer Becker Berg Brandt Castro Cole Costa Dahl Diaz Egan Falk Fischer Flores Frost Garcia Graf Haas"
    " Hale Holm Ito Jansen Jensen Kaya Keller Kim Klein Kovac Lang Lee Lind Lopez Marsh Mayer Meyer Moreau Mori Nagy"
    " Novak Okafor Olsen Park Perez Petrov Quinn Reid Rossi Roth Ruiz Sato Silva Stone Suzuki Tanaka Vega Visser Wolf"
    " Young Zhang Zimmer"
).split()
TRADES = ("Brews", "Reviews", "Journal", "Diaries", "Studio", "Club", "Weekly", "Notes")
