/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "book/layout.h"
#include "book/regions.h"
#include "check.h"

static bool region_find(const char *name, struct book_region *ret)
{
	const char *at;
	for (size_t i = 0; (at = region_builtin(i, ret->bits)) != NULL; i++)
		if (strcmp(at, name) == 0)
			return true;
	return false;
}

static country code_of(const char *two)
{
	return country_from(span_text(two));
}

static bool holds(const char *name, const char *two)
{
	struct book_region r;
	return region_find(name, &r) && region_holds(&r, code_of(two));
}

static const struct size_row {
	const char *name;
	unsigned want;
} sizes[] = {
	{ "EU", 27 },     { "EEA", 30 },           { "africa", 60 },  { "antarctica", 1 },     { "asia", 51 },
	{ "europe", 52 }, { "north-america", 41 }, { "oceania", 29 }, { "south-america", 16 },
};

static void check_sizes(void)
{
	uint64_t bits[11];
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const char *name = region_builtin(i, bits);
		CHECK(name != NULL && strcmp(name, sizes[i].name) == 0, "row %zu is %s", i, sizes[i].name);
		unsigned n = 0;
		for (size_t w = 0; w < 11; w++)
			n += (unsigned)__builtin_popcountll(bits[w]);
		CHECK(n == sizes[i].want, "%s has %u", sizes[i].name, n);
	}
	CHECK(region_builtin(sizeof sizes / sizeof sizes[0], bits) == NULL, "nothing behind the last");
	CHECK(region_builtin(SIZE_MAX, bits) == NULL, "nothing far behind the last");
}

/* Every code lies on exactly one continent, and no other two letters on any. */
static void check_continents(void)
{
	unsigned known = 0;
	for (char a = 'A'; a <= 'Z'; a++)
		for (char b = 'A'; b <= 'Z'; b++) {
			char two[3] = { a, b, '\0' };
			struct book_region r;
			unsigned on = 0;
			for (size_t i = 2; region_builtin(i, r.bits) != NULL; i++)
				on += region_holds(&r, code_of(two));
			CHECK(on == country_known(code_of(two)), "%s is on %u continents", two, on);
			known += on;
		}
	CHECK(known == 250, "249 codes and XK, not %u", known);
}

static void check_union(void)
{
	struct book_region eu, eea;
	CHECK(region_find("EU", &eu) && region_find("EEA", &eea), "both are there");
	for (size_t w = 0; w < 11; w++)
		CHECK((eu.bits[w] & ~eea.bits[w]) == 0, "the EU lies inside the EEA, word %zu", w);
	CHECK(!holds("EU", "GB") && !holds("EEA", "GB") && !holds("EEA", "CH"), "neither GB nor CH");
	CHECK(holds("EEA", "IS") && holds("EEA", "LI") && holds("EEA", "NO"), "the three beside the EU");
	CHECK(!holds("EU", "IS") && holds("EU", "HR") && holds("EU", "CY"), "the EU itself");
}

static void check_codes(void)
{
	static const char *const known[] = { "TW", "HK", "MO", "CN", "XK", "AQ", "ZW", "AD" };
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		CHECK(country_known(code_of(known[i])), "%s", known[i]);
	static const char *const unknown[] = { "EU", "AP", "ZZ", "XX", "AA", "UK", "SU", "AN" };
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		CHECK(!country_known(code_of(unknown[i])), "%s", unknown[i]);
	CHECK(!country_known(COUNTRY_NONE) && !country_known((country)('A' << 8)) && !country_known(0xFFFF) &&
		      !country_known('D'),
	      "no letters");
	CHECK(holds("asia", "TW") && holds("asia", "HK") && holds("asia", "MO") && holds("asia", "CN"),
	      "four of their own");
	CHECK(code_of("TW") != code_of("CN") && code_of("HK") != code_of("CN"), "themselves");
}

int main(void)
{
	check_sizes();
	check_continents();
	check_union();
	check_codes();
	return check_done();
}
