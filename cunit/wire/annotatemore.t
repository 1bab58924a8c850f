#!/usr/bin/perl
# annotatemore.t - GETANNOTATION and SETANNOTATION, which came before METADATA
# rfc: - ANNOTATEMORE
# covers: AN-12
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub refused { my ($c, $command, $want, $what) = @_; my $r = $c->cmd($command); like("$r->{status} $r->{text}", $want, $what // $command) }
my $i = Halcyon::Test->new(conf => { annotation_enable_legacy_commands => 'yes' });
$i->create_users('alice', 'bob');
my ($c, $b, $adm) = map { $i->imap(user => $_) } qw(alice bob cyrus);
like(join(' ', $c->ok('CAPABILITY')), qr/ ANNOTATEMORE /, 'capability');
$c->ok('SETANNOTATION INBOX "/comment" ("value.priv" "mine" "value.shared" "ours")');
is_deeply([ $c->ok('GETANNOTATION INBOX "/comment" ("value.priv" "value.shared")') ], ['* ANNOTATION INBOX "/comment" ("value.priv" "mine" "value.shared" "ours")'], 'both values');
is_deeply([ $c->ok('GETANNOTATION INBOX "/comment" "value.shared"') ], ['* ANNOTATION INBOX "/comment" ("value.shared" "ours")'], 'one');
is_deeply([ $c->ok('GETANNOTATION INBOX "/comment" ("value" "size" "content-type")') ], ['* ANNOTATION INBOX "/comment" ("value.priv" "mine" "size.priv" "4" "value.shared" "ours" "size.shared" "4")'], 'value and size');
is_deeply([ $c->ok('GETMETADATA INBOX (/private/comment /shared/comment)') ], ['* METADATA INBOX ("/private/comment" "mine" "/shared/comment" "ours")'], 'the same as METADATA has');
$c->ok('SETANNOTATION INBOX ("/comment" ("value.shared" NIL) "/sort" ("value.shared" "DATE" "content-type.shared" "text/plain"))');
is_deeply([ $c->ok('GETANNOTATION INBOX ("/comment" "/sort") "value.shared"') ], [ '* ANNOTATION INBOX "/comment" ("value.shared" NIL)', '* ANNOTATION INBOX "/sort" ("value.shared" "DATE")' ], 'several entries');
is((grep { m{"/vendor/cmu/cyrus-imapd/uniqueid" \("value.shared" "\w{24}"\)} } $c->ok('GETANNOTATION INBOX "*" "value"')) + 0, 1, 'all entries');
is((grep { /ANNOTATION INBOX/ } $c->ok('GETANNOTATION "*" "/comment" "value.priv"')) + 0, 1, 'a pattern of mailboxes');
is_deeply([ $c->ok('GETANNOTATION INBOX "/nosuch" "value.shared"') ], ['* ANNOTATION INBOX "/nosuch" ("value.shared" NIL)'], 'an unknown one');
$adm->ok('SETANNOTATION "" "/motd" ("value.shared" "hello")');
is_deeply([ $c->ok('GETANNOTATION "" "/motd" "value.shared"') ], ['* ANNOTATION "" "/motd" ("value.shared" "hello")'], 'of the server');
refused($c, 'SETANNOTATION "" "/motd" ("value.shared" "x")', qr/^NO \[NOPERM\]/);
refused($c, 'SETANNOTATION INBOX "/nosuch" ("value.shared" "x")', qr/^NO \[NOPERM\]/);
refused($b, 'GETANNOTATION user.alice "/comment" "value.shared"', qr/^NO \[NONEXISTENT\]/, 'a stranger');
refused($b, 'SETANNOTATION user.alice "/comment" ("value.shared" "x")', qr/^NO \[NONEXISTENT\]/, 'a stranger sets nothing');
$c->ok('SETACL INBOX bob lr');
is($b->cmd('GETANNOTATION user.alice "/comment" "value.shared"')->{status}, 'OK', 'a reader');
refused($b, 'SETANNOTATION user.alice "/comment" ("value.shared" "x")', qr/^NO \[NOPERM\]/, 'sets nothing shared');
refused($c, $_, qr/^BAD/) for 'GETANNOTATION INBOX', 'GETANNOTATION INBOX /comment "value"', 'GETANNOTATION INBOX "/comment" value', 'GETANNOTATION INBOX "/comment" ("value"', 'SETANNOTATION INBOX "/comment"', 'SETANNOTATION INBOX "/comment" ("value" "x")',
    'SETANNOTATION INBOX "/comment" ("value.shared")', 'SETANNOTATION INBOX ("/comment" ("value.shared" "x")', 'SETANNOTATION INBOX "/com*" ("value.shared" "x")', 'GETANNOTATION';
is($i->faults, '', 'no process reported a fault');
$i->stop;
$i = Halcyon::Test->new;
$i->create_users('alice');
$c = $i->imap(user => 'alice');
refused($c, 'GETANNOTATION INBOX "/comment" "value.shared"', qr/^NO \[NOPERM\]/, 'without the option');
refused($c, 'SETANNOTATION INBOX "/comment" ("value.shared" "x")', qr/^NO \[NOPERM\]/, 'neither');
unlike(join(' ', $c->ok('CAPABILITY')), qr/ANNOTATEMORE/, 'nor told');
is($i->faults, '', 'no process reported a fault');
done_testing;
