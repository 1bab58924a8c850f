#!/usr/bin/perl
# capabilities.t - doc/capabilities.md: what imapd tells is there, with a test for each
# covers: IM-01
use strict;
use warnings;
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;
use Halcyon::Test;

my $top = $ENV{HALCYON_SRCDIR} || '.';
is(system("$top/tools/capabilities", '--check'), 0, 'the table is what the tests say');

# what a running server tells in any state
my %in_table = map { $_ => 1 } do { open my $fh, '<', "$top/doc/capabilities.md" or die $!; map { /^\| (\S+) \| [\d-]/ ? $1 : () } <$fh> };
my %told;
for my $o ([ {}, plain => 1 ], [ { literalminus => 'yes', annotation_enable_legacy_commands => 'yes' } ],
    [ { allowplaintext => 'no' }, plain => 1, strangers => 1 ]) {
    my ($conf, %how) = @$o;
    my $i = Halcyon::Test->new(tls => 1, conf => $conf);
    $i->create_users('alice') unless $how{strangers};
    for my $user ('', $how{strangers} ? () : qw(alice cyrus)) {
        my $c = Halcyon::Client->imap(port => $i->{port}{ $how{plain} ? 'imap' : 'imaps' }, tls => !$how{plain});
        $c->ok("LOGIN $user secret") if $user;
        $told{$_} = 1 for map { /^\* CAPABILITY (.*)/ ? split / /, $1 : () } $c->ok('CAPABILITY');
        $told{$_} = 1 for $c->{greeting} =~ /CAPABILITY ([^\]]*)/ ? split / /, $1 : ();
    }
    is($i->faults, '', 'no process reported a fault');
    $i->stop;
}
my @missing = grep { !/^AUTH=/ && !$in_table{ s/^APPENDLIMIT=.*/APPENDLIMIT/r } } sort keys %told;
is("@missing", '', 'every word has its row');
ok(keys %told > 60, 'and there are many');

# a word without a test, a test of no word
my $dir = tempdir(CLEANUP => 1);
make_path("$dir/$_") for qw(tools imap/imapd cunit/wire doc);
copy("$top/tools/capabilities", "$dir/tools/capabilities") or die $!;
chmod 0755, "$dir/tools/capabilities";
sub put { my ($name, $text) = @_; open my $fh, '>', "$dir/$name" or die $!; print {$fh} $text; close $fh }
sub run { return qx{"$dir/tools/capabilities" @_ 2>&1} }
put('imap/imapd/capability.c', "} capabilities[] = {\n    { \"ONE\", ST_ANY, NULL },\n    { \"TWO\", ST_ANY, NULL },\n};\n");
put('cunit/wire/a.t', "# rfc: 1 ONE APPENDLIMIT\n");
is(run(), "capabilities: TWO: no test says that it proves it\n", 'a word without a test');
put('cunit/wire/b.t', "# rfc: 2 TWO\n# rfc: 3 THREE\n");
is(run(), "capabilities: wire/b.t: THREE is not told by imapd\n", 'a test of no word');
put('cunit/wire/b.t', "# rfc: 2 TWO\n# rfc: - ONE\n");
is(run(), '', 'sound');
make_path("$dir/build-test");
put('build-test/results', "2026-01-02 wire/a.t 0\n2026-01-03 wire/b.t 0\n2026-01-04 wire/b.t 1\n");
run();
my $table = do { open my $fh, '<', "$dir/doc/capabilities.md" or die $!; local $/; <$fh> };
like($table, qr{^\| ONE \| -, 1 \| wire/a\.t wire/b\.t \| - \|$}m, 'red since: no date');
like($table, qr{^\| APPENDLIMIT \| 1 \| wire/a\.t \| 2026-01-02 \|$}m, 'the date of the last green run');
is(run('--check'), '', 'unchanged');
put('cunit/wire/c.t', "# rfc: 4 TWO\n");
is(run('--check'), "capabilities: doc/capabilities.md is not what the tests say: run tools/capabilities\n", 'changed');
done_testing;
