/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "book/regions.h"

#define EU_27 "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"

static const struct region_row {
	const char *name, *countries; /* two letters each, a blank between them */
} region_rows[] = {
	{ "EU", EU_27 },
	{ "EEA", EU_27 " IS LI NO" },
	{ "africa", "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS "
		    "LY MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG "
		    "YT ZA ZM ZW" },
	{ "antarctica", "AQ" },
	{ "asia", "AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK "
		  "MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE" },
	{ "europe", "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE "
		    "LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK" },
	{ "north-america",
	  "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS "
	  "MX NI PA PM PR SV SX TC TT US VC VG VI" },
	{ "oceania", "AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF "
		     "WS" },
	{ "south-america", "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE" },
};

/* Second letters of the codes, by the first letter. */
static const char *const second_letters[26] = {
	"DEFGILMOQRSTUWXZ",        /* A */
	"ABDEFGHIJLMNOQRSTVWYZ",   /* B */
	"ACDFGHIKLMNORUVWXYZ",     /* C */
	"EJKMOZ",                  /* D */
	"CEGHRST",                 /* E */
	"IJKMOR",                  /* F */
	"ABDEFGHILMNPQRSTUWY",     /* G */
	"KMNRTU",                  /* H */
	"DELMNOQRST",              /* I */
	"EMOP",                    /* J */
	"EGHIMNPRWYZ",             /* K */
	"ABCIKRSTUVY",             /* L */
	"ACDEFGHKLMNOPQRSTUVWXYZ", /* M */
	"ACEFGILOPRUZ",            /* N */
	"M",                       /* O */
	"AEFGHKLMNRSTWY",          /* P */
	"A",                       /* Q */
	"EOSUW",                   /* R */
	"ABCDEGHIJKLMNORSTVXYZ",   /* S */
	"CDFGHJKLMNORTVWZ",        /* T */
	"AGMSYZ",                  /* U */
	"ACEGINU",                 /* V */
	"FS",                      /* W */
	"K",                       /* X */
	"ET",                      /* Y */
	"AMW",                     /* Z */
};

const char *region_builtin(size_t i, uint64_t ret_bits[11])
{
	if (i >= sizeof region_rows / sizeof region_rows[0])
		return NULL;
	memset(ret_bits, 0, 11 * sizeof ret_bits[0]);
	const char *at = region_rows[i].countries;
	for (size_t n = strlen(at) + 1; n > 0; n -= 3, at += 3) {
		unsigned bit = (unsigned)(at[0] - 'A') * 26 + (unsigned)(at[1] - 'A');
		ret_bits[bit / 64] |= UINT64_C(1) << bit % 64;
	}
	return region_rows[i].name;
}

bool country_known(country c)
{
	unsigned first = (unsigned)(c >> 8) - 'A';
	int second = c & 0xFF;
	return first < 26 && second != 0 && strchr(second_letters[first], second) != NULL;
}
