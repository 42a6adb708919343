/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy's top keys: settings, local networks, resolvers; the rest goes to its own file. */
#include <math.h>

#include "config/schema.h"

struct site_form {
	struct span name;
	country country;
	double latitude, longitude;
};
static const struct key site_keys[] = {
	KEY(site_form, name, read_name, KEY_MAY),
	KEY(site_form, country, read_country, KEY_MAY),
	KEY(site_form, latitude, read_degrees, KEY_MAY),
	KEY(site_form, longitude, read_degrees, KEY_MAY),
};

struct flows_form {
	bool by_vlan;
};
static const struct key flows_keys[] = { KEY(flows_form, by_vlan, read_bool, KEY_MAY) };

struct policy_form {
	const struct node *version, *site, *local, *resolvers, *geo, *groups, *regions, *rules, *exceptions,
		*flows, *capture, *alerts, *enforce;
	unsigned mode, size, fences;
};
static const struct key policy_keys[] = {
	KEY(policy_form, version, read_node, KEY_MUST),
	KEY_WORD(policy_form, mode, read_word, KEY_MAY, WORDS_MODE),
	KEY(policy_form, site, read_map, KEY_MAY),
	KEY_WORD(policy_form, size, read_word, KEY_MAY, WORDS_SIZE),
	KEY(policy_form, local, read_node, KEY_MAY),
	KEY(policy_form, resolvers, read_node, KEY_MAY),
	KEY(policy_form, geo, read_map, KEY_MAY),
	KEY(policy_form, groups, read_map, KEY_MAY),
	KEY(policy_form, regions, read_map, KEY_MAY),
	KEY(policy_form, rules, read_list, KEY_MAY),
	KEY(policy_form, exceptions, read_list, KEY_MAY),
	KEY(policy_form, flows, read_map, KEY_MAY),
	KEY(policy_form, capture, read_list, KEY_MAY),
	KEY(policy_form, alerts, read_map, KEY_MAY),
	KEY(policy_form, enforce, read_map, KEY_MAY),
	KEY_WORD(policy_form, fences, read_word, KEY_MAY, WORDS_FENCING),
	KEY_OF_LATER(schedules),
};

static void check_version(struct load *l, const struct node *version)
{
	if (version != NULL && node_is(l, version, NODE_TEXT, "1") &&
	    !span_equal(version->text, span_text("1")))
		report_mistake(l->report, node_where(version),
			       "`version` is `%s`; 1 would be right: this program knows no other",
			       SHOW(version->text));
}

static void site_load(struct load *l, const struct node *site, struct book_settings *s)
{
	struct site_form f = { .latitude = NAN, .longitude = NAN };
	if (site == NULL) {
		report_warning(l->report, (struct where){ l->q->policy, 0, 0 },
			       "no `site`: events do not say which sensor they come from; name and country "
			       "would be right");
		return;
	}
	if (!schema_read(l, site, "the site", KEYS(site_keys), &f))
		return;
	bool both = isnan(f.latitude) == isnan(f.longitude);
	if (!both || fabs(f.latitude) > 90)
		report_mistake(l->report, node_where(site),
			       "`latitude` (-90 to 90) and `longitude` (-180 to 180) belong together; both "
			       "or none would be right");
	s->site_name = book_write_text(l->writer, f.name);
	s->site_country = f.country;
	s->latitude = f.latitude, s->longitude = f.longitude;
}

/* A list of prefixes, and the word `auto` for what is found by itself. */
static void networks_load(struct load *l, const struct node *list, enum book_section_id id, uint8_t *ret_auto)
{
	*ret_auto = list == NULL;
	if (list == NULL ||
	    !node_is(l, list, list->kind == NODE_MAP ? NODE_LIST : list->kind, "a list of auto and prefixes"))
		return;
	if (list->kind == NODE_LIST && list->count == 0)
		report_mistake(l->report, node_where(list),
			       "`%s` is an empty list; auto or prefixes would be right", SHOW(list->key));
	for (const struct node *i = item_first(list); i != NULL; i = item_next(list, i)) {
		struct prefix p;
		if (i->kind == NODE_TEXT && span_equal(i->text, span_text("auto")))
			*ret_auto = 1;
		else if (take_prefix(l, i, &p))
			book_write(l->writer, id, &p);
	}
}

static void warn_of_blindness(struct load *l, const struct policy_form *f)
{
	struct where whole = { l->q->policy, 0, 0 };
	if (f->local == NULL)
		report_warning(l->report, whole,
			       "no `local`: only private space counts as inside; auto or your prefixes would "
			       "be right");
	if (f->rules == NULL || f->rules->count == 0)
		report_warning(l->report, whole, "no `rules`: every flow is permitted, nothing is told");
	if (!l->country_told)
		report_warning(l->report, whole,
			       "no database of countries: only places that a provider's list or a host name "
			       "tells have a location");
}

void policy_load(struct load *l, const struct node *root)
{
	struct policy_form f = { .mode = MODE_OBSERVE, .size = SIZE_MEDIUM, .fences = FENCING_STRICT };
	struct book_settings s = { .latitude = NAN, .longitude = NAN, .window_s = 300, .has_policy = 1 };
	s.policy_file = book_write_text(l->writer, span_text(l->q->policy));
	schema_read(l, root, "the policy", KEYS(policy_keys), &f);
	check_version(l, f.version);
	s.mode = (uint8_t)f.mode, s.size = (uint8_t)f.size, s.fences = (uint8_t)f.fences;
	site_load(l, f.site, &s);
	struct flows_form flows = { .by_vlan = false };
	if (f.flows != NULL)
		schema_read(l, f.flows, "`flows`", KEYS(flows_keys), &flows);
	s.by_vlan = flows.by_vlan;
	networks_load(l, f.local, BOOK_LOCAL, &s.local_auto);
	networks_load(l, f.resolvers, BOOK_RESOLVER, &s.resolvers_auto);
	regions_load(l, f.regions);
	groups_load(l, f.groups);
	rules_load(l, f.rules, (enum mode)f.mode);
	exceptions_load(l, f.exceptions);
	rules_warn_hidden(l, f.rules);
	geo_load(l, f.geo);
	captures_load(l, f.capture);
	alerts_load(l, f.alerts, f.capture != NULL, &s.window_s);
	enforce_load(l, f.enforce, f.mode == MODE_ENFORCE ? node_find(root, "mode") : NULL);
	gateway_load(l, f.local, &s);
	warn_of_blindness(l, &f);
	book_write(l->writer, BOOK_SETTINGS, &s);
}
