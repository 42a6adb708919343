/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "scratch.h"

#include <errno.h>

static const char aws_good[] =
	"{\"syncToken\": \"1\", \"createDate\": \"2025-07-24-20-23-14\", \"prefixes\": ["
	"{\"ip_prefix\": \"52.81.0.0/16\", \"region\": \"cn-north-1\", \"service\": \"EC2\"},"
	"{\"ip_prefix\": \"3.0.0.0/8\", \"region\": \"us-east-1\", \"service\": \"AMAZON\"},"
	"{\"ip_prefix\": \"3.5.0.0/16\", \"region\": \"GLOBAL\", \"service\": \"AMAZON\"},"
	"{\"ip_prefix\": \"3.5.0.0/16\", \"region\": \"eu-central-1\", \"service\": \"S3\"},"
	"{\"ip_prefix\": \"3.5.140.0/22\", \"region\": \"ap-northeast-2\", \"service\": \"AMAZON\"},"
	"{\"ip_prefix\": \"3.6.0.0/24\", \"region\": \"GLOBAL\", \"service\": \"CLOUDFRONT\"},"
	"{\"ip_prefix\": \"9.9.9.0/24\", \"region\": \"xx-new-1\"},"
	"{\"ip_prefix\": \"9.9.8.0/24\", \"region\": \"xx-new-1\"}],"
	"\"ipv6_prefixes\": [{\"ipv6_prefix\": \"2600:1f00::/24\", \"region\": \"us-east-1\"}]}";

static const char azure_good[] = "{\"changeNumber\": 363, \"values\": ["
				 "{\"name\": \"ActionGroup\", \"properties\": {\"region\": \"\", "
				 "\"addressPrefixes\": [\"20.1.2.0/30\", \"20.1.0.0/16\", "
				 "\"40.0.0.0/30\"]}},"
				 "{\"name\": \"AzureCloud.eastus\", \"properties\": {\"region\": \"eastus\", "
				 "\"addressPrefixes\": [\"20.1.0.0/16\", "
				 "\"2603:1000::/40\"]}}]}";

static struct loaded load_list(const char *form, const char *text)
{
	char policy[128];
	snprintf(policy, sizeof policy, "version: 1\ngeo: {providers: [{%s: list.json}]}\n", form);
	scratch_text("policy.yaml", policy);
	scratch_text("list.json", text);
	return load_request(&(struct config_request){ .policy = scratch_path("policy.yaml") });
}

struct want {
	uint32_t first, last, parent;
	const char *says, *note;
};

static void check_ranges(const char *name, const struct loaded *l, const struct want *want, size_t count)
{
	CHECK(l->result == 0 && l->book.count[BOOK_RANGE4] == count, "%s: %d", name, l->result);
	for (size_t i = 0; l->result == 0 && i < count && i < l->book.count[BOOK_RANGE4]; i++) {
		const struct book_range4 *r = book_range4(&l->book, i);
		CHECK(r->first == want[i].first && r->last == want[i].last, "%s %zu: %08x %08x", name, i,
		      r->first, r->last);
		CHECK(r->says == country_from(span_text(want[i].says)), "%s %zu: %s", name, i, want[i].says);
		CHECK(r->parent == want[i].parent, "%s %zu: parent %u", name, i, r->parent);
		CHECK(strcmp(book_string(&l->book, r->note), want[i].note) == 0, "%s %zu: note", name, i);
	}
}

static void check_aws(void)
{
	static const struct want want[] = {
		{ 0x03000000, 0x03FFFFFF, 0, "US", "us-east-1" },
		{ 0x03050000, 0x0305FFFF, 1, "DE", "eu-central-1" }, /* GLOBAL stands there, too */
		{ 0x03058C00, 0x03058FFF, 2, "KR", "ap-northeast-2" },
		{ 0x03060000, 0x030600FF, 1, "",
		  "GLOBAL" }, /* said to be global inside a region: no country */
		{ 0x09090800, 0x090908FF, 0, "", "xx-new-1" },
		{ 0x09090900, 0x090909FF, 0, "", "xx-new-1" },
		{ 0x34510000, 0x3451FFFF, 0, "CN", "cn-north-1" },
	};
	struct loaded l = load_list("aws", aws_good);
	check_ranges("aws", &l, want, sizeof want / sizeof *want);
	CHECK(l.result == 0 && l.book.count[BOOK_RANGE6] == 1, "IPv6");
	CHECK(l.result == 0 &&
		      strcmp(book_string(&l.book, book_source(&l.book, 0)->built), "2025-07-24") == 0,
	      "date");
	CHECK(l.result == 0 && book_source(&l.book, 0)->kind == KIND_PROVIDER, "kind");
	CHECK(config_warnings(l.report) == 5, "an unknown region is told once: %zu",
	      config_warnings(l.report));
	CHECK(report_has(l.report, "policy.yaml:2:25: the region `xx-new-1` of `list.json` is not in"),
	      "and where");
	loaded_done(&l);
}

static void check_azure(void)
{
	static const struct want want[] = {
		{ 0x14010000, 0x1401FFFF, 0, "US", "eastus" },
		{ 0x28000000, 0x28000003, 0, "",
		  "" }, /* the one inside eastus says nothing and would hide it */
	};
	struct loaded l = load_list("azure", azure_good);
	check_ranges("azure", &l, want, sizeof want / sizeof *want);
	CHECK(l.result == 0 && l.book.count[BOOK_RANGE6] == 1, "IPv6");
	CHECK(l.result == 0 &&
		      strcmp(book_string(&l.book, book_source(&l.book, 0)->built), "change 363") == 0,
	      "its number stands for a date");
	loaded_done(&l);
	l = load_list("azure", "{\"changeNumber\": \"363\", \"values\": [{\"properties\": "
			       "{\"region\": \"eastus\", \"addressPrefixes\": [\"20.1.0.0/16\"]}}]}");
	CHECK(l.result == 0 && book_source(&l.book, 0)->built.bytes == 0, "without a number, nothing does");
	loaded_done(&l);
	scratch_text("list.json", azure_good);
	scratch_text("policy.yaml", "version: 1\ngeo: {providers: [{azure: list.json, max_age: 1d}]}\n");
	l = load_request(&(struct config_request){ .policy = scratch_path("policy.yaml"),
						   .now_us = UINT64_C(1798761600) * 1000000 });
	CHECK(l.result == 0 &&
		      report_has(l.report,
				 "policy.yaml:2:27: `list.json` has no date in it, so that nothing tells"),
	      "max_age of what has no date");
	loaded_done(&l);
}

static const struct row {
	const char *name, *form, *text, *says;
} rows[] = {
	{ "no JSON", "aws", "{\n  \"prefixes\": [,]}", "list.json:2:" },
	{ "empty file", "aws", "", "list.json:1:1: no JSON" },
	{ "another form", "aws", "{\"values\": []}",
	  "there is no list `prefixes`; AWS's ip-ranges.json would be right" },
	{ "no IPv6 list", "aws", "{\"prefixes\": []}", "there is no list `ipv6_prefixes`" },
	{ "a list instead of a map", "aws", "[1]", "there is no list `prefixes`" },
	{ "nothing in it", "aws", "{\"prefixes\": [], \"ipv6_prefixes\": []}", "holds no prefix" },
	{ "no prefix", "aws",
	  "{\"prefixes\": [{\"ip_prefix\": \"52.81.0.0/33\", \"region\": \"x\"}], \"ipv6_prefixes\": []}",
	  "list.json: prefixes[0]: `52.81.0.0/33` is no prefix" },
	{ "host bits", "aws", "{\"prefixes\": [{\"ip_prefix\": \"52.81.0.1/16\"}], \"ipv6_prefixes\": []}",
	  "prefixes[0]: `52.81.0.1/16`" },
	{ "a number as prefix", "aws", "{\"prefixes\": [{\"ip_prefix\": 7}], \"ipv6_prefixes\": []}",
	  "prefixes[0]: ``" },
	{ "a text as row", "aws", "{\"prefixes\": [\"x\"], \"ipv6_prefixes\": []}", "prefixes[0]: ``" },
	{ "azure of another form", "azure", "{\"prefixes\": []}",
	  "there is no list `values`; Azure's service tags would be right" },
	{ "azure without prefixes", "azure", "{\"values\": [{\"properties\": 7}]}", "holds no prefix" },
	{ "azure with a wrong prefix", "azure",
	  "{\"values\": [{\"properties\": {\"addressPrefixes\": [\"x\"]}}]}", "values[0]: `x` is no prefix" },
	{ "hostile text", "azure",
	  "{\"values\": [{\"properties\": {\"addressPrefixes\": [\"\\u001b[2J\"]}}]}", "`\\x1b[2J`" },
};

static void check_row(const struct row *r)
{
	struct loaded l = load_list(r->form, r->text);
	CHECK(l.result == -EINVAL, "%s: %d", r->name, l.result);
	CHECK(report_has(l.report, r->says), "%s: %s", r->name, r->says);
	loaded_done(&l);
}

static void check_tables(void)
{
	scratch_text("tables/regions-aws.yaml", "source: x\nregions: {us-east-1: USA}\n");
	struct loaded l = load_list("aws", aws_good);
	CHECK(l.result == -EINVAL && report_has(l.report, "regions-aws.yaml:2:22: `USA` is no country"),
	      "a wrong table");
	loaded_done(&l);
	unlink(scratch_path("tables/regions-aws.yaml"));
	l = load_list("aws", aws_good);
	CHECK(l.result == -EINVAL && report_has(l.report, "the table of regions cannot be read"), "no table");
	loaded_done(&l);
}

/* The tables that are installed know the regions that matter most. */
static void check_installed(void)
{
	scratch_text("policy.yaml", "version: 1\ngeo: {providers: [{aws: list.json}]}\n");
	scratch_text("list.json", "{\"prefixes\": [{\"ip_prefix\": \"52.81.0.0/16\", \"region\": "
				  "\"cn-north-1\"}], \"ipv6_prefixes\": []}");
	struct loaded l = load_request(&(struct config_request){ .policy = scratch_path("policy.yaml"),
								 .tables = TEST_SOURCE "/conf/tables" });
	CHECK(l.result == 0 && book_range4(&l.book, 0)->says == country_from(span_text("CN")),
	      "52.81.0.0/16 is CN");
	loaded_done(&l);
}

int main(void)
{
	scratch_new();
	scratch_directory("services.d");
	scratch_directory("tables");
	scratch_text("services.d/zoom.yaml", "service: zoom\noperator: {name: Zoom, seat: US}\n");
	scratch_text("tables/regions-aws.yaml", "source: x\nchecked: 2026-11-01\nregions: {us-east-1: US, "
						"eu-central-1: DE, ap-northeast-2: KR, cn-north-1: CN}\n");
	scratch_text("tables/regions-azure.yaml", "source: x\nregions: {eastus: US}\n");
	check_aws();
	check_azure();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	check_installed();
	check_tables();
	scratch_done();
	return check_done();
}
