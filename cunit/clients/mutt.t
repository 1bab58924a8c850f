#!/usr/bin/perl
# mutt.t - mutt in batch mode tags all messages, copies some and deletes one (on a terminal made by script)
# covers: IM-01 IM-09
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice');
$i->fill('alice', map { Halcyon::Corpus::made($_)->{bytes} } 1 .. 5);
my $c = $i->imap(user => 'alice');
$c->ok('CREATE INBOX.Trash');
my $w = Halcyon::Job->new($i);
my $url = "imap://127.0.0.1:$i->{port}{imap}/";
$w->file('muttrc', <<"EOT", 0600);
set imap_user=alice imap_pass=secret ssl_starttls=no ssl_force_tls=no imap_authenticators="plain:login"
set mail_check=0 timeout=1 quit=yes confirmappend=no wait_key=no delete=yes
set folder=$url spoolfile=+INBOX header_cache="" record="" move=no sort=mailbox-order
EOT

sub mutt {
    my ($what, $keys) = @_;
    $w->file('keys', "push \"$keys<quit>\"\n", 0600);
    my $r = $w->run([ 'script', '-qec', 'mutt -F ' . $w->path('muttrc') . " -f ${url}INBOX -e 'source " . $w->path('keys') . "'", '/dev/null' ],
        stdin => '');
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
}

sub status {
    my ($box) = @_;
    my ($n, $unseen) = join("\n", $c->ok("STATUS $box (MESSAGES UNSEEN)")) =~ /MESSAGES (\d+) UNSEEN (\d+)/;
    return "$n/$unseen";
}

mutt('copy', '<limit>~A<enter><tag-pattern>~A<enter><tag-prefix><copy-message>=INBOX.Trash<enter>');
is(status('INBOX'), '5/5', 'the source keeps its messages, unread');
is(status('INBOX.Trash'), '5/5', 'five copies');
mutt('flag and delete', '<first-entry><delete-message><last-entry><flag-message>');
is(status('INBOX'), '4/4', 'one was expunged');
$c->ok('EXAMINE INBOX');
my @flagged = $c->ok('UID SEARCH FLAGGED');
is_deeply([ grep { /SEARCH/ } @flagged ], ['* SEARCH 5'], 'the last is flagged');
mutt('read', '<first-entry><display-message><exit>');
is(status('INBOX'), '4/3', 'reading sets \Seen');
mutt('save to another', '<last-entry><save-message>=INBOX.Trash<enter>');
is(status('INBOX'), '3/2', 'saved: gone here');
is(status('INBOX.Trash'), '6/6', 'saved: is there');
$c->ok('EXAMINE INBOX.Trash');
like(join("\n", $c->ok('FETCH 6 (FLAGS BODY.PEEK[])')), qr/\Q${\Halcyon::Corpus::made(5)->{bytes}}\E/, 'and whole');

$c->logout;
is($i->faults, '', 'no process reported a fault');
done_testing();
