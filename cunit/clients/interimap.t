#!/usr/bin/perl
# interimap.t - interimap, the strictest IMAP client there is, copies alice to bob and keeps both alike
# covers: IM-01 IM-08 IM-09 AU-06
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new;
$i->create_users('alice', 'bob');
$i->fill('alice', map { Halcyon::Corpus::made($_)->{bytes} } 1 .. 31);
my %c = map { $_ => $i->imap(user => $_) } qw(alice bob);
$c{alice}->ok("CREATE $_") for 'INBOX.Work', 'INBOX.Work.Old';
$c{alice}->ok('SUBSCRIBE INBOX.Work');
$c{alice}->ok('SELECT INBOX');
$c{alice}->ok('UID STORE 1:3 +FLAGS (\Seen \Flagged $Later)');
$c{alice}->ok('UID COPY 5:8 INBOX.Work');
$c{alice}->ok('UID STORE 10 +FLAGS (\Deleted)');
$c{alice}->ok('EXPUNGE');
$c{alice}->ok('UNSELECT');

my $w = Halcyon::Job->new($i);
$w->dir('db', 0700);
my $side = sub {
    return "type = imap\nhost = 127.0.0.1\nport = $i->{port}{imap}\nusername = $_[0]\npassword = secret\nSTARTTLS = no\nauth = PLAIN\n";
};
$w->file('ii.conf', "database = ${\$w->path('db', 't.db')}\nlist-select-opts =\n[local]\n" . $side->("alice") . "[remote]\n" . $side->("bob"), 0600);

sub sync {
    my ($what) = @_;
    my $r = $w->run([ 'interimap', '--config=' . $w->path('ii.conf') ]);
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
    return "$r->{out}$r->{err}";
}

# What one user has in a folder: message id => flags, and the whole message's length.
sub view {
    my ($user, $box) = @_;
    my $c = $c{$user};
    $c->ok("EXAMINE $box");
    my %of;
    for my $line ($c->ok('UID FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])')) {
        my ($flags) = $line =~ /FLAGS \((.*?)\)/ or next;
        my ($size) = $line =~ /RFC822\.SIZE (\d+)/;
        my ($date) = $line =~ /INTERNALDATE "(.*?)"/;
        my ($id) = $line =~ /^Message-ID: <(.*?)>/mi;
        $of{$id} = join ' ', $size, $date, sort grep { $_ ne '\Recent' } split ' ', $flags;
    }
    $c->ok('UNSELECT');
    return \%of;
}

sub same {
    my ($what) = @_;
    is_deeply(view('bob', $_), view('alice', $_), "$what: $_ is the same") for 'INBOX', 'INBOX.Work', 'INBOX.Work.Old';
}

my @boxes = sync('copy');
same('copy');
is(scalar keys %{ view('bob', 'INBOX') }, 30, 'thirty messages came over');

my @status = map { $c{bob}->ok("STATUS $_ (MESSAGES UIDNEXT HIGHESTMODSEQ)") } 'INBOX', 'INBOX.Work';
sync('second run');
is_deeply([ map { $c{bob}->ok("STATUS $_ (MESSAGES UIDNEXT HIGHESTMODSEQ)") } 'INBOX', 'INBOX.Work' ], \@status,
    'a second run does nothing');

$c{alice}->ok('SELECT INBOX');
$c{alice}->ok('UID STORE 2 -FLAGS (\Flagged)');
$c{alice}->ok('UID STORE 11:12 +FLAGS (\Deleted)');
$c{alice}->ok('EXPUNGE');
$c{alice}->ok('UNSELECT');
$c{bob}->ok('SELECT INBOX.Work');
$c{bob}->ok('UID STORE 1 +FLAGS (\Answered)');
$c{bob}->ok('UID STORE 2 +FLAGS (\Deleted)');
$c{bob}->ok('EXPUNGE');
$c{bob}->ok('UNSELECT');
$i->fill('bob', Halcyon::Corpus::made(50)->{bytes});
sync('changes on both sides');
same('changes on both sides');
my $inbox = view('alice', 'INBOX');
is(scalar keys %$inbox, 29, 'two gone, one new');
ok($inbox->{'made.50@example.org'}, 'the new one went the other way');

$_->logout for values %c;
is($i->faults, '', 'no process reported a fault');
done_testing();
